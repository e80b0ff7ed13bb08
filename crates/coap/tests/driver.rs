//! The tokio driver, on sockets of this host.
#![cfg(feature = "tokio")]

mod common;

use core::net::SocketAddr;
use core::time::Duration;

use common::{Message, Shelf, get, post};
use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use waypost_coap::{Config, Driver, Endpoint, Stopped};
use waypost_rest::{Method, Peer, Request, RequestFailure, RequestId};

const LOCAL: [&str; 2] = ["127.0.0.1:0", "[::1]:0"];

fn driver(shelf: Shelf) -> Driver<Shelf> {
    Driver::new(Endpoint::new(shelf, Config::new([7; 16])))
}

async fn client(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind(SocketAddr::new(server.ip(), 0)).await.unwrap();
    socket.connect(server).await.unwrap();
    socket
}

async fn receive(socket: &UdpSocket) -> Message {
    let mut buffer = [0; 2048];
    let received = tokio::time::timeout(Duration::from_secs(10), socket.recv(&mut buffer)).await;
    Message::read(&buffer[..received.expect("a message in time").unwrap()])
}

/// Runs `story` beside the driver, which goes on until the story ends.
async fn beside<T>(driver: &mut Driver<Shelf>, story: impl Future<Output = T>) -> T {
    driver.run_until(story).await.unwrap()
}

#[tokio::test]
async fn all_sockets_are_served_and_the_answer_comes_from_the_address_that_was_asked() {
    let mut driver = driver(Shelf::default());
    let servers = LOCAL.map(|local| driver.listen(local.parse().unwrap()).unwrap());
    beside(&mut driver, async {
        for server in servers {
            let socket = client(server).await;
            socket.send(&post(1, "echo").payload("hello").bytes()).await.unwrap();
            assert_eq!(receive(&socket).await.text(), "hello");
        }
    })
    .await;
    let peers: Vec<_> = driver.endpoint().service().requests.iter().map(|(_, peer, _)| peer.uri.clone()).collect();
    assert!(peers[0].starts_with("coap://127.0.0.1:") && peers[1].starts_with("coap://[::1]:"), "{peers:?}");
}

#[tokio::test]
async fn many_requests_at_once_are_all_answered() {
    let mut driver = driver(Shelf::default());
    let server = driver.listen(LOCAL[0].parse().unwrap()).unwrap();
    beside(&mut driver, async {
        let socket = client(server).await;
        for id in 0..100 {
            socket.send(&get(id, "text").bytes()).await.unwrap();
        }
        for id in 0..100 {
            assert_eq!(receive(&socket).await.id(), id);
        }
    })
    .await;
}

#[tokio::test]
async fn under_a_flood_errands_and_the_end_have_their_turn() {
    let mut driver = driver(Shelf::default());
    let server = driver.listen(LOCAL[0].parse().unwrap()).unwrap();
    let handle = driver.handle();
    let flood = tokio::spawn(async move {
        let socket = client(server).await;
        for id in (0..=u16::MAX).cycle() {
            // What finds no room is lost; there is always more.
            let _ = socket.try_send(&get(id, "text").bytes());
            if id % 256 == 0 {
                tokio::task::yield_now().await;
            }
        }
    });
    let asked = tokio::time::timeout(Duration::from_secs(10), async {
        while handle.update(|_, shelf| shelf.requests.len()).await.unwrap() < 1000 {}
    });
    beside(&mut driver, asked).await.unwrap();
    flood.abort();
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_fails_at_once_and_nothing_else_does() {
    let mut driver = driver(Shelf::default());
    let server = driver.listen(LOCAL[0].parse().unwrap()).unwrap();
    // Nobody can be reached at port 0.
    driver.update(|_, shelf| shelf.ask(7, Peer::new("coap://127.0.0.1:0"), Request::new(Method::Get, ["x"])));
    beside(&mut driver, async {
        let socket = client(server).await;
        socket.send(&get(1, "text").bytes()).await.unwrap();
        assert_eq!(receive(&socket).await.id(), 1);
    })
    .await;
    driver.update(|_, shelf| assert_eq!(shelf.responses, [(RequestId(7), Err(RequestFailure::Unreachable))]));
}

#[tokio::test]
async fn timers_fire() {
    let mut config = Config::new([7; 16]);
    config.timing.ack_delay = Duration::from_millis(20);
    let mut driver = Driver::new(Endpoint::new(Shelf::default(), config));
    let server = driver.listen(LOCAL[0].parse().unwrap()).unwrap();
    beside(&mut driver, async {
        let socket = client(server).await;
        socket.send(&post(1, "slow").bytes()).await.unwrap();
        assert_eq!(receive(&socket).await.code(), "0.00");
    })
    .await;
}

#[tokio::test]
async fn other_tasks_reach_the_service_while_the_driver_runs() {
    let mut driver = driver(Shelf::with_text("one"));
    let server = driver.listen(LOCAL[1].parse().unwrap()).unwrap();
    let handle = driver.handle();
    let (done, end) = oneshot::channel();
    let application = tokio::spawn(async move {
        let socket = client(server).await;
        socket.send(&get(1, "text").uint(6, 0).bytes()).await.unwrap();
        assert_eq!(receive(&socket).await.text(), "one");
        assert_eq!(handle.update(|_, shelf| shelf.observers.len()).await, Ok(1));
        handle.update(|_, shelf| shelf.write("two")).await.unwrap();
        assert_eq!(receive(&socket).await.text(), "two");
        done.send(()).unwrap();
        handle
    });
    beside(&mut driver, end).await.unwrap();
    let handle = application.await.unwrap();
    drop(driver);
    let outcome = handle.update(|_, shelf| shelf.asked).await;
    assert_eq!(outcome, Err::<_, Stopped>(outcome.unwrap_err()));
}

#[tokio::test]
async fn a_hook_sees_the_service_after_each_step() {
    let mut driver = driver(Shelf::default());
    let server = driver.listen(LOCAL[0].parse().unwrap()).unwrap();
    let (seen, mut steps) = tokio::sync::mpsc::unbounded_channel();
    driver.on_step(move |_, shelf| seen.send(shelf.requests.len()).unwrap());
    beside(&mut driver, async {
        let socket = client(server).await;
        socket.send(&get(1, "text").bytes()).await.unwrap();
        receive(&socket).await;
        while steps.recv().await != Some(1) {}
    })
    .await;
}

#[tokio::test]
async fn a_hook_sees_what_could_not_be_sent_though_nothing_happens_after_it() {
    let mut driver = driver(Shelf::default());
    driver.listen(LOCAL[0].parse().unwrap()).unwrap();
    let (seen, mut steps) = tokio::sync::mpsc::unbounded_channel();
    driver.on_step(move |_, shelf| seen.send(shelf.responses.len()).unwrap());
    driver.update(|_, shelf| shelf.ask(7, Peer::new("coap://127.0.0.1:0"), Request::new(Method::Get, ["x"])));
    let seen = async { while steps.recv().await != Some(1) {} };
    beside(&mut driver, tokio::time::timeout(Duration::from_secs(10), seen)).await.expect("a step after it");
}

#[tokio::test]
async fn the_service_asks_from_a_socket_of_the_driver_and_a_run_can_be_continued() {
    let mut driver = driver(Shelf::default());
    let local = driver.listen(LOCAL[1].parse().unwrap()).unwrap();
    let other = UdpSocket::bind("[::1]:0").await.unwrap();
    let uri = format!("coap://{}", other.local_addr().unwrap());
    driver.update(|_, shelf| shelf.ask(7, Peer::new(uri), Request::new(Method::Get, ["x"])));
    let question = beside(&mut driver, async {
        let mut buffer = [0; 2048];
        let (len, from) = other.recv_from(&mut buffer).await.unwrap();
        assert_eq!(from, local);
        Message::read(&buffer[..len])
    })
    .await;
    let mut answer = common::ack(question.id()).token(question.0.get_token());
    answer.0.header.set_code("2.05");
    other.send_to(&answer.bytes(), local).await.unwrap();
    while driver.endpoint().service().responses.is_empty() {
        beside(&mut driver, tokio::time::sleep(Duration::from_millis(5))).await;
    }
    assert!(driver.into_endpoint().into_service().responses[0].1.is_ok());
}

#[tokio::test]
async fn a_host_is_asked_by_its_name_while_others_are_served() {
    let mut driver = driver(Shelf::default());
    let local = driver.listen(LOCAL[0].parse().unwrap()).unwrap();
    let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("coap://localhost:{}", other.local_addr().unwrap().port());
    driver.update(|_, shelf| {
        shelf.ask(7, Peer::new(uri), Request::new(Method::Get, ["x"]));
        shelf.ask(8, Peer::new("coap://nobody.invalid"), Request::new(Method::Get, ["x"]));
    });
    let question = beside(&mut driver, async {
        let socket = client(local).await;
        socket.send(&get(1, "text").bytes()).await.unwrap();
        assert_eq!(receive(&socket).await.id(), 1);
        receive(&other).await
    })
    .await;
    assert_eq!(question.get(3), Some(&b"localhost"[..]));
    while driver.endpoint().service().responses.is_empty() {
        beside(&mut driver, tokio::time::sleep(Duration::from_millis(5))).await;
    }
    driver.update(|_, shelf| assert_eq!(shelf.responses, [(RequestId(8), Err(RequestFailure::Unreachable))]));
}

#[tokio::test]
async fn what_cannot_be_opened_is_reported() {
    let mut driver = driver(Shelf::default());
    let local = driver.listen(LOCAL[0].parse().unwrap()).unwrap();
    assert_eq!(driver.listen(local).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    let group = "[ff02::fe]:5683".parse().unwrap();
    assert_eq!(driver.listen(group).unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
    for (group, local) in [("127.0.0.1", local), ("ff02::fe", local)] {
        let error = driver.join(group.parse().unwrap(), 0, local).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
}

/// Joins a group on the loopback interface, where the host lets us.
#[tokio::test]
async fn a_group_is_answered_from_the_address_of_the_host() {
    let mut config = Config::new([7; 16]);
    config.timing.leisure = Duration::from_millis(50);
    let mut driver = Driver::new(Endpoint::new(Shelf::default(), config));
    let local = driver.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let group = "224.0.1.190".parse().unwrap();
    if driver.join(group, 1, local).is_err() {
        return;
    }
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    if socket.send_to(&get(1, "group").non().option(15, b"q").bytes(), (group, 5683)).await.is_err() {
        return;
    }
    let answer = beside(&mut driver, async {
        let mut buffer = [0; 2048];
        let received = tokio::time::timeout(Duration::from_secs(2), socket.recv_from(&mut buffer)).await;
        received.ok().map(|received| received.unwrap()).map(|(len, from)| (Message::read(&buffer[..len]), from))
    })
    .await;
    // A host without a route to the group loses the request.
    if let Some((answer, from)) = answer {
        assert_eq!((answer.text(), from), ("q", local));
        assert!(driver.endpoint().service().requests[0].2.is_multicast);
    }
}
