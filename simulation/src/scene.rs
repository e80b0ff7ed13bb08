use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use waypost_coap::{Amplification, Config, Endpoint};
use waypost_server::EchoConfig;
use waypost_sync::Holding;

use crate::Variant;
use crate::device::{Device, Traits};
use crate::host::{DIRECTORIES, Host};
use crate::machine::{Actor, Boot, Image, Program};
use crate::note::{Kind, Question, Scope, Whom};
use crate::proxied::Way;
use crate::proxy;
use crate::random::Random;
use crate::rd::directory;
use crate::replica;
use crate::seeker::{Interests, Seeker, query};
use crate::world::World;

/// What kinds of machines there are in a world.
///
/// ```
/// use waypost_simulation::Scene;
///
/// assert_eq!("several".parse(), Ok(Scene::Several));
/// assert_eq!(Scene::Single.to_string(), "single");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scene {
    /// One directory, with endpoints that register there, and clients that look up and observe.
    Single,
    /// Three directories that know nothing of each other: endpoints find them by name or by asking a group, and go from one
    /// to another.
    Several,
    /// Three directories that are one authority: endpoints register at one and go on to another, and clients look up at each.
    Replicas,
    /// Two directories, of which one has a feed, and two proxies that mirror all of both, or some of it, and ask for the rest:
    /// endpoints register at one directory and go on to the other, and clients look up at the proxies.
    Mirrors,
    /// Two directories, of which one has a feed, and three proxies in a row: one that mirrors both, one that mirrors both through it,
    /// and one that mirrors one through the first and the other through the second. The last two also have each other for a source,
    /// so that what they say could go round. Endpoints register at one directory and go on to the other, and clients look up at the
    /// proxies.
    Chain,
}

impl Scene {
    /// All of them. Nothing is found in any.
    pub const ALL: &[Self] = &[Self::Single, Self::Several, Self::Replicas, Self::Mirrors, Self::Chain];

    /// Fills a world with machines.
    pub(crate) fn furnish(self, world: &mut World, random: &mut Random, variant: Option<Variant>) {
        let directories = match self {
            Self::Single => vec![add_directory(world, random, variant)],
            Self::Several => (0..3).map(|_| add_directory(world, random, variant)).collect(),
            Self::Replicas => add_replicas(world, random, 3, variant),
            Self::Mirrors | Self::Chain => {
                vec![add_replicas(world, random, 1, variant)[0], add_directory(world, random, variant)]
            }
        };
        let asked = match self {
            Self::Single | Self::Several | Self::Replicas => directories.clone(),
            Self::Mirrors => [Whom::All, Whom::Kind(Kind::Lamp)]
                .map(|mirrored| add_proxy(world, random, Front::of(&directories, mirrored), variant))
                .to_vec(),
            Self::Chain => add_chain(world, random, &directories, variant),
        };
        let devices: Vec<_> = (0..10).map(|_| add_device(world, random, &directories, variant)).collect();
        let interests = Interests { directories: asked, devices, observed: None };
        for _ in 0..2 {
            add_seeker(world, random, interests.clone());
        }
        for nth in 0..3 {
            let question = Question {
                directory: interests.directories[nth % interests.directories.len()],
                scope: random.pick(&[Scope::Endpoints, Scope::Resources]),
                of: random.pick(&[Whom::All, Whom::All, Whom::Kind(Kind::Lamp), Whom::One(interests.devices[0])]),
                is_observed: true,
            };
            let host = add_seeker(world, random, Interests { observed: Some(question), ..interests.clone() });
            world.model.add_observer(host);
        }
        if let Some(variant) = variant {
            variant.bend(world);
        }
    }
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single => "single",
            Self::Several => "several",
            Self::Replicas => "replicas",
            Self::Mirrors => "mirrors",
            Self::Chain => "chain",
        })
    }
}

impl FromStr for Scene {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        crate::name::named(Self::ALL, text)
    }
}

fn add_directory(world: &mut World, random: &mut Random, variant: Option<Variant>) -> Host {
    let echo = random.happens(300).then(|| EchoConfig::new(random.secret()));
    let bend = move || variant.and_then(Variant::of_directory);
    let host = world.join("rd", image(random, variant, move |boot| directory(boot, echo.clone(), bend())));
    world.join_directories(host);
    world.model.add_authority(&[host]);
    host
}

fn add_replicas(world: &mut World, random: &mut Random, count: usize, variant: Option<Variant>) -> Vec<Host> {
    let replicas: Vec<_> = (0..count).map(|nth| Host::nth(world.count() + nth)).collect();
    for _ in &replicas {
        let traits = replica::Traits { replicas: replicas.clone(), variant };
        let image = image(random, variant, move |boot| replica::replica(boot, &traits));
        let host = world.join("rd", image);
        world.join_directories(host);
        // By a clock that jumped or stood still, what others know to live has expired, or the other way round.
        world.machine(host).with_steady_clock();
    }
    world.model.add_authority(&replicas);
    replicas
}

/// What a proxy is in front of.
struct Front {
    ways: Vec<Way>,
    /// What is mirrored of each of them.
    mirrored: Whom,
    /// A proxy that has nothing to add, and what is held of it.
    beside: Option<(Host, Holding)>,
}

impl Front {
    /// A proxy that mirrors directories, the first of which has a feed.
    fn of(directories: &[Host], mirrored: Whom) -> Self {
        let way = |(nth, &source)| Way { source, has_feed: nth == 0, through: Vec::new() };
        Self { ways: directories.iter().enumerate().map(way).collect(), mirrored, beside: None }
    }

    /// Another proxy that mirrors each of the directories through others, the nearest first.
    fn through(&self, through: [&[Host]; 2], beside: (Host, Holding)) -> Self {
        let ways = self.ways.iter().zip(through).map(|(way, through)| Way { through: through.to_vec(), ..way.clone() });
        Self { ways: ways.collect(), mirrored: self.mirrored, beside: Some(beside) }
    }

    fn upstreams(&self) -> Vec<(Host, Holding)> {
        let mirrored = |way: &Way| match way.through.first() {
            Some(proxy) => Holding::Through(proxy.uri().parse().expect("a URI of the world"), query(self.mirrored)),
            None => Holding::Mirror(query(self.mirrored)),
        };
        let upstreams = self.ways.iter().map(|way| (way.source, mirrored(way)));
        upstreams.chain(self.beside.clone()).collect()
    }
}

fn add_chain(world: &mut World, random: &mut Random, directories: &[Host], variant: Option<Variant>) -> Vec<Host> {
    let [first, second, third] = [0, 1, 2].map(|nth| Host::nth(world.count() + nth));
    let front = Front::of(directories, Whom::All);
    let fronts = [
        front.through([&[first], &[first]], (third, Holding::Answers)),
        front.through([&[first], &[second, first]], (second, Holding::Mirror(query(Whom::All)))),
    ];
    [front].into_iter().chain(fronts).map(|front| add_proxy(world, random, front, variant)).collect()
}

fn add_proxy(world: &mut World, random: &mut Random, front: Front, variant: Option<Variant>) -> Host {
    let traits = proxy::Traits { upstreams: front.upstreams(), variant };
    let host = world.join("proxy", image(random, variant, move |boot| proxy::proxy(boot, &traits)));
    world.model.add_proxy(host, front.ways, front.mirrored);
    host
}

fn add_device(world: &mut World, random: &mut Random, directories: &[Host], variant: Option<Variant>) -> Host {
    let mut candidates: Vec<_> = directories.iter().map(|host| host.uri()).collect();
    match random.below(4) {
        0 => candidates = vec![DIRECTORIES.into()],
        1 => candidates.reverse(),
        _ => {}
    }
    // In seconds. Less would not leave the time for three repetitions of a renewal.
    let shortest = random.pick(&[120, 120, 300, 1200]);
    let traits = Traits {
        kind: random.pick(&Kind::ALL),
        links: random.pick(&[1, 1, 2, 3, 5, 12]),
        is_simple: random.happens(200),
        lifetimes: (shortest, shortest * 3),
        candidates,
    };
    world.shortest_lifetime = world.shortest_lifetime.min(Duration::from_secs(shortest.into()));
    let kind = traits.kind;
    let image = image(random, None, move |boot| {
        let bend = variant.and_then(Variant::of_registrant);
        Device::new(boot, traits.clone(), bend)
    });
    let host = world.join("node", image);
    world.model.add_endpoint(host, kind);
    host
}

fn add_seeker(world: &mut World, random: &mut Random, interests: Interests) -> Host {
    world.join("seeker", image(random, None, move |boot| Seeker::new(boot, interests.clone())))
}

/// Makes the image of a machine that runs a service on CoAP.
fn image<A: Actor + 'static>(
    random: &mut Random,
    variant: Option<Variant>,
    service: impl Fn(Boot) -> A + 'static,
) -> Image {
    let block_exponent = random.pick(&[6, 6, 5, 4]);
    let amplification =
        random.pick(&[Amplification::SmallBlocks, Amplification::SmallBlocks, Amplification::Unlimited]);
    Box::new(move |mut boot| {
        let mut config = Config::new(boot.random.secret());
        config.block_exponent = block_exponent;
        config.amplification = amplification;
        if let Some(variant) = variant {
            variant.bend_transport(&mut config);
        }
        let local = boot.host.address();
        let mut endpoint = Endpoint::new(service(boot), config);
        endpoint.add_local(local);
        Box::new(endpoint) as Box<dyn Program>
    })
}
