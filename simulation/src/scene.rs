use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use waypost_coap::{Amplification, Config, Endpoint};
use waypost_server::EchoConfig;

use crate::Variant;
use crate::device::{Device, Traits};
use crate::host::{DIRECTORIES, Host};
use crate::machine::{Actor, Boot, Image, Program};
use crate::note::{Kind, Question, Scope, Whom};
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
}

impl Scene {
    /// All of them. Nothing is found in any.
    pub const ALL: &[Self] = &[Self::Single, Self::Several, Self::Replicas, Self::Mirrors];

    /// Fills a world with machines.
    pub(crate) fn furnish(self, world: &mut World, random: &mut Random, variant: Option<Variant>) {
        let directories = match self {
            Self::Single => vec![add_directory(world, random, variant)],
            Self::Several => (0..3).map(|_| add_directory(world, random, variant)).collect(),
            Self::Replicas => add_replicas(world, random, 3, variant),
            Self::Mirrors => vec![add_replicas(world, random, 1, variant)[0], add_directory(world, random, variant)],
        };
        let asked = match self {
            Self::Mirrors => [Whom::All, Whom::Kind(Kind::Lamp)]
                .map(|mirrored| add_proxy(world, random, (&directories, mirrored), variant))
                .to_vec(),
            _ => directories.clone(),
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

fn add_proxy(
    world: &mut World,
    random: &mut Random,
    (sources, mirrored): (&[Host], Whom),
    variant: Option<Variant>,
) -> Host {
    let traits = proxy::Traits { sources: sources.to_vec(), mirrored: query(mirrored), variant };
    let host = world.join("proxy", image(random, variant, move |boot| proxy::proxy(boot, &traits)));
    world.model.add_proxy(host, sources.to_vec(), mirrored);
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
