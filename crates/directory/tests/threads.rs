//! Any number of threads look up while nobody changes the directory.

mod common;

use common::{at, directory, registration};
use waypost_directory::Directory;
use waypost_filter::Query;

#[test]
fn look_ups_of_several_threads_share_a_directory() {
    fn is_send_and_sync<T: Send + Sync>(_: &T) {}
    let mut directory: Directory = directory();
    is_send_and_sync(&directory);
    for number in 0..100 {
        directory.register(at(0), registration(&format!("node{number}"), "coap://h", "</t>;rt=core.s")).unwrap();
    }
    let query = Query::parse("rt=core.s&ep=node1*").unwrap();
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| directory.resources(at(1), &query).count())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(counts, [11; 4]);
}
