use waypost::LinkDocument;
use waypost_benches::fleet::{self, Documents};

use crate::options::Mix;
use crate::wire::{self, BLOCK2, CONTENT_FORMAT, Method, Request, URI_PATH, URI_QUERY};

/// One thing to ask a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    Discover,
    Register(usize),
    /// Where a registration is, that another one made.
    Locate(usize),
    Renew(usize),
    /// The one endpoint of a name.
    Point(usize),
    /// A page of five links or endpoints by one or several of their attributes.
    Filter(u64),
    /// All links of one endpoint, block by block.
    Block(usize, u32),
}

/// What is asked, and how it is said to the directory at hand.
#[derive(Debug)]
pub(crate) struct Workload {
    mix: Mix,
    loaded: usize,
    links: usize,
    random: u64,
    registration: Path,
    resources: Path,
    endpoints: Path,
    /// Where the registrations are that can be renewed.
    locations: Vec<Path>,
}

type Path = Vec<Box<[u8]>>;

impl Workload {
    /// Makes a workload on `loaded` endpoints, `renewable` of which will be told where they are.
    pub(crate) fn new(mix: Mix, loaded: usize, renewable: usize, links: usize) -> Self {
        Self {
            mix,
            loaded: loaded.max(1),
            links,
            random: 0,
            registration: path("/rd"),
            resources: path("/rd-lookup/res"),
            endpoints: path("/rd-lookup/ep"),
            locations: vec![Path::new(); renewable],
        }
    }

    /// Takes the paths that a directory tells in `/.well-known/core`.
    pub(crate) fn learn(&mut self, core: &str) {
        for link in LinkDocument::parse(core).iter().flat_map(LinkDocument::links) {
            for kind in link.rt() {
                match &*kind {
                    "core.rd" => self.registration = path(link.target()),
                    "core.rd-lookup-res" => self.resources = path(link.target()),
                    "core.rd-lookup-ep" => self.endpoints = path(link.target()),
                    _ => {}
                }
            }
        }
    }

    pub(crate) fn located(&mut self, number: usize, location: &[&[u8]]) {
        self.locations[number] = location.iter().map(|&segment| segment.into()).collect();
    }

    /// Takes the location of an endpoint out of a look-up.
    pub(crate) fn found(&mut self, number: usize, links: &str) {
        let target = links.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
        if let Some((target, _)) = target {
            self.locations[number] = path(target);
        }
    }

    /// Draws what to ask next.
    pub(crate) fn draw(&mut self) -> Ask {
        let drawn = self.random();
        let number = (self.random() % self.loaded as u64) as usize;
        match (self.mix, drawn % 100) {
            (Mix::Renew, _) | (Mix::Mixed, 0..10) => self.renewal(),
            (Mix::Filter, _) | (Mix::Mixed, 10..18) => Ask::Filter(drawn),
            (Mix::Block, _) | (Mix::Mixed, 18..20) => Ask::Block(number, 0),
            (Mix::Point | Mix::Mixed | Mix::Echo, _) => Ask::Point(number),
        }
    }

    /// Draws what to renew next.
    pub(crate) fn renewal(&mut self) -> Ask {
        Ask::Renew((self.random() % self.locations.len().max(1) as u64) as usize)
    }

    /// Writes a request.
    pub(crate) fn write(&self, ask: Ask, id: u16, token: u32, request: &mut Request) {
        let method = if matches!(ask, Ask::Register(_) | Ask::Renew(_)) { Method::Post } else { Method::Get };
        request.begin(method, id, token);
        match ask {
            Ask::Discover => {
                put(request, &path("/.well-known/core"));
                request.option(URI_QUERY, b"rt=core.rd*");
            }
            Ask::Register(number) => {
                put(request, &self.registration);
                request.option(CONTENT_FORMAT, &[40]);
                request.option(URI_QUERY, format!("ep=node{number:08}").as_bytes());
                request.option(URI_QUERY, format!("base={}", fleet::base(number)).as_bytes());
                request.option(
                    URI_QUERY,
                    format!("et={}", if is_rare(number) { "x.rare" } else { "x.common" }).as_bytes(),
                );
                let document = fleet::document(number, self.links, Documents::Fleet, is_rare(number));
                request.payload(document.as_bytes());
            }
            Ask::Renew(number) => put(request, self.locations.get(number).unwrap_or(&self.registration)),
            // Those that are looked for are spread over all.
            Ask::Locate(number) => self.write_point(number * self.loaded / self.locations.len(), request),
            Ask::Point(number) => self.write_point(number, request),
            Ask::Filter(drawn) => {
                let page = drawn / 4 % 10;
                let (path, criteria): (_, [&str; 2]) = match drawn % 4 {
                    0 => (&self.resources, ["rt=humidity", "if=sensor"]),
                    1 => (&self.resources, ["et=x.common", "rt=light-lux"]),
                    2 => (&self.resources, ["rt=temperature*", "ct=40"]),
                    _ => (&self.endpoints, ["rt=battery", "et=x.common"]),
                };
                put(request, path);
                for criterion in criteria {
                    request.option(URI_QUERY, criterion.as_bytes());
                }
                request.option(URI_QUERY, format!("page={page}").as_bytes());
                request.option(URI_QUERY, b"count=5");
            }
            Ask::Block(number, block) => {
                put(request, &self.resources);
                request.option(URI_QUERY, format!("ep=node{number:08}").as_bytes());
                let value = (block << 4 | BLOCK_EXPONENT).to_be_bytes();
                let zeros = value.iter().take_while(|&&byte| byte == 0).count();
                request.option(BLOCK2 as u16, &value[zeros..]);
            }
        }
    }

    fn write_point(&self, number: usize, request: &mut Request) {
        put(request, &self.endpoints);
        request.option(URI_QUERY, format!("ep=node{number:08}").as_bytes());
    }

    /// Draws a number (SplitMix64), the same ones in each run.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

/// Tells what to ask once an answer is there: the next block.
pub(crate) fn next(ask: Ask, answer: &wire::Answer<'_>) -> Option<Ask> {
    match ask {
        Ask::Block(number, block) if answer.has_more_blocks => Some(Ask::Block(number, block + 1)),
        _ => None,
    }
}

fn is_rare(number: usize) -> bool {
    number % 1000 == 7
}

fn path(text: &str) -> Path {
    let relative = text.strip_prefix('/').unwrap_or(text);
    relative.split('/').map(|segment| segment.as_bytes().into()).collect()
}

fn put(request: &mut Request, path: &Path) {
    for segment in path {
        request.option(URI_PATH, segment);
    }
}

/// Blocks of 512 bytes, so that the links of one endpoint take several.
const BLOCK_EXPONENT: u32 = 5;
