//! Registrations to measure with: made from a number, the same each time.

use core::fmt::Write;

use waypost::link_format::LinkDocumentBuf;
use waypost::model::{Attributes, Base, EndpointName, Registration, ReplicaId, Sector};
use waypost::{Config, Directory, Instant};

/// How the link documents of the registrations relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Documents {
    /// A thousand models of devices, each with one document.
    Fleet,
    /// Each registration has a document of its own: other targets, with the attributes of its model.
    Distinct,
    /// And each link has a title that no other link has.
    Titled,
}

/// How many models of devices a fleet has.
pub const MODELS: usize = 1000;

/// Returns a directory of `count` registrations of `links` links.
///
/// In every directory, whatever its size, there are ten registrations of a rare kind: their second link has the resource
/// types `rare` and `seldom.a`, and the endpoint is of the type `x.rare`.
pub fn directory(count: usize, links: usize, documents: Documents) -> Directory {
    let mut directory = empty();
    for number in 0..count {
        directory.register(Instant::ZERO, registration(number, count, links, documents)).expect("within the limits");
    }
    directory
}

/// Returns a directory without limits.
pub fn empty() -> Directory {
    let mut config = Config::new(*b"only for benches", ReplicaId(1));
    config.limits.registrations = usize::MAX;
    config.limits.documents = usize::MAX;
    config.limits.document_bytes = usize::MAX;
    config.limits.watches = usize::MAX;
    Directory::new(config)
}

/// Returns a directory of `count` registrations, of which a tenth has a link with the resource type `a`, a tenth one with the
/// interface `b`, a tenth one with the title `c`, and a tenth is of the type `c`. Ten have all of that.
pub fn crossed(count: usize, documents: Documents) -> Directory {
    let mut directory = empty();
    for number in 0..count {
        let own = if documents == Documents::Fleet { number % MODELS } else { number };
        let is_in_all = number % (count / 10).max(1) == 7;
        // Two of three at most, at places that look like chance.
        let chance = own.wrapping_mul(0x9e37_79b9) >> 7;
        let has = |which: usize| {
            is_in_all || chance % 30 < 6 && [0b011, 0b101, 0b110, 0b001, 0b010, 0b100][chance % 30] >> which & 1 == 1
        };
        let mark = |which: usize, mark: &'static str| if has(which) { mark } else { "x" };
        let document = format!(
            r#"</{own}{}/a>;rt="core.s {}";if="{}";title="{}",</{own}/b>;rt="core.s";if="x""#,
            if is_in_all { "/all" } else { "" },
            mark(0, "a"),
            mark(1, "b"),
            mark(2, "c")
        );
        let endpoint = EndpointName::new(&format!("node{number:08}")).expect("a name");
        let base = Base::given(&base(number)).expect("a base");
        let links = LinkDocumentBuf::parse(document).expect("a document");
        let mut attributes = Attributes::new();
        attributes.push("et", Some(mark(2, "c"))).expect("an attribute");
        let registration = Registration { attributes, ..Registration::new(endpoint, base, links) };
        directory.register(Instant::ZERO, registration).expect("within the limits");
    }
    directory
}

/// Returns registration `number` of `count`.
pub fn registration(number: usize, count: usize, links: usize, documents: Documents) -> Registration {
    let rare = number % (count / 10).max(1) == 7;
    let base = Base::given(&base(number)).expect("a base");
    let document = LinkDocumentBuf::parse(document(number, links, documents, rare)).expect("a document");
    let mut attributes = Attributes::new();
    attributes.push("et", Some(if rare { "x.rare" } else { "x.common" })).expect("an attribute");
    Registration { sector: Some(sector(number)), attributes, ..Registration::new(endpoint(number), base, document) }
}

/// Returns the name of endpoint `number`.
pub fn endpoint(number: usize) -> EndpointName {
    EndpointName::new(&format!("node{number:08}")).expect("a name")
}

/// Returns the sector of endpoint `number`: one of a hundred.
pub fn sector(number: usize) -> Sector {
    Sector::new(&format!("floor-{}", number % 100)).expect("a sector")
}

/// Returns the base of registration `number`.
pub fn base(number: usize) -> String {
    format!("coap://[2001:db8::{:x}:{:x}]", (number >> 12) + 1, (number & 0xfff) + 1)
}

/// Returns the target of a link of registration `number`, as it is registered.
pub fn target(number: usize, link: usize, documents: Documents) -> String {
    format!("/sensors/{}/{link}", documents.own(number))
}

/// Returns the link document of registration `number`: about 100 bytes per link.
///
/// The fourth link has up to three properties: it is `indoor`, it is `secure`, and it has content format 60 instead of 40. A tenth
/// of all documents have each of them, a third of those also another one, and only the rare documents all three. In a fleet it is
/// about a tenth of the models.
pub fn document(number: usize, links: usize, documents: Documents, rare: bool) -> String {
    let model = number % MODELS;
    let properties = if rare { [true; 3] } else { properties(documents.own(number)) };
    let (whose, titled) = if documents == Documents::Titled { ("device", number) } else { ("model", model) };
    let mut text = String::new();
    for link in 0..links {
        let separator = if link == 0 { "" } else { "," };
        let kind = ["temperature-c", "humidity", "light-lux", "battery", "co2"][(model + link) % 5];
        let rare = if rare && link == 1 { " rare seldom.a" } else { "" };
        let [indoor, secure, cbor] = properties.map(|property| property && link == 3);
        write!(
            text,
            r#"{separator}<{target}>;rt="core.s {kind}{rare}{indoor}";if="sensor{secure}";ct={format};title="Sensor {link} of {whose} {titled}""#,
            target = target(number, link, documents),
            indoor = if indoor { " indoor" } else { "" },
            secure = if secure { " secure" } else { "" },
            format = if cbor { "60" } else { "40" },
        )
        .expect("a string takes everything");
    }
    text
}

/// Returns a number that looks drawn by lot, the same for the same `number`.
pub fn scatter(number: usize) -> usize {
    let mut bits = (number as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)) as usize
}

impl Documents {
    /// Returns the number that stands in the targets of registration `number`.
    fn own(self, number: usize) -> usize {
        match self {
            Self::Fleet => number % MODELS,
            Self::Distinct | Self::Titled => number,
        }
    }
}

/// Returns which of the three properties there are: each for one number in ten, each two of them for one in thirty, all three for none.
fn properties(own: usize) -> [bool; 3] {
    match scatter(own) % 30 {
        0 => [true, true, false],
        1 => [false, true, true],
        2 => [true, false, true],
        3 => [true, false, false],
        4 => [false, true, false],
        5 => [false, false, true],
        _ => [false; 3],
    }
}
