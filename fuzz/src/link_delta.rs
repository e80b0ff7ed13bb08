use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decoder, Encoder};
use waypost_link_delta::{Basis, Limits, LinkDelta};
use waypost_link_format::{LinkDocument, LinkDocumentBuf};

use crate::abnf;

/// The codec against a library for CBOR, and the laws of deltas between what is in the input.
///
/// The first byte says which. After a zero come up to three sets of links, with zeros between them. Any other is the length of
/// an encoded delta, 255 standing for all that follows; what comes after it are links that it is applied to.
pub fn link_delta(data: &[u8]) {
    let Some((&kind, rest)) = data.split_first() else { return };
    if kind == 0 {
        let mut sets =
            rest.split(|&byte| byte == 0).map(|set| LinkDocument::parse_bytes(set).map(LinkDocumentBuf::from));
        let mut next = || sets.next().unwrap_or_else(|| Ok(LinkDocumentBuf::default()));
        if let (Ok(a), Ok(b), Ok(c)) = (next(), next(), next()) {
            check_laws(&a, &b, &c);
        }
        return;
    }
    let length = usize::from(kind).min(rest.len());
    let (encoded, links) = if kind == 255 { (rest, &b""[..]) } else { rest.split_at(length) };
    check_codec(encoded);
    if let (Ok(delta), Ok(links)) = (LinkDelta::decode(encoded, &LIMITS), LinkDocument::parse_bytes(links)) {
        check_apply(&delta, &links.into());
    }
}

fn check_codec(data: &[u8]) {
    match (LinkDelta::decode(data, &LIMITS), by_library(data)) {
        (Ok(delta), Some((from, to, removed, put))) => {
            assert_eq!(delta.encode(), data);
            assert_eq!((delta.removed().as_str(), delta.put().as_str()), (removed.as_str(), put.as_str()));
            assert_eq!(delta.to().map(|tag| tag.as_bytes().to_vec()), to);
            match (delta.from(), from.as_deref()) {
                (Basis::Any, None) | (Basis::Nothing, Some([])) => {}
                (Basis::State(tag), Some(from)) => assert_eq!(tag.as_bytes(), from),
                other => panic!("{other:?}"),
            }
        }
        (Err(error), None) => assert!(error.offset <= data.len(), "{error}"),
        (decoded, expected) => panic!("{decoded:?}, but by the library {expected:?}"),
    }
}

type Items = (Option<Vec<u8>>, Option<Vec<u8>>, String, String);

/// Reads a delta with a library for CBOR and the second parser for link-format; `None` if it breaks a rule.
fn by_library(data: &[u8]) -> Option<Items> {
    let mut input = Decoder::new(data);
    let is_array = input.array().ok()? == Some(4);
    let from = input.decode::<Option<&minicbor::bytes::ByteSlice>>().ok()?.map(|tag| tag.to_vec());
    let to = input.decode::<Option<&minicbor::bytes::ByteSlice>>().ok()?.map(|tag| tag.to_vec());
    let (removed, put) = (input.str().ok()?.to_owned(), input.str().ok()?.to_owned());

    let mut shortest = Encoder::new(Vec::new());
    shortest.array(4).ok()?;
    for tag in [&from, &to] {
        match tag {
            None => shortest.null().ok()?,
            Some(tag) => shortest.bytes(tag).ok()?,
        };
    }
    shortest.str(&removed).ok()?.str(&put).ok()?;

    let (gone, there) = (abnf::document(&removed)?, abnf::document(&put)?);
    let is_bare = |(_, parameters): &abnf::Link| {
        let mut names: Vec<_> = parameters.iter().map(|(name, ..)| name.to_ascii_lowercase()).collect();
        names.sort();
        names.windows(2).all(|pair| pair[0] != pair[1]) && names.iter().all(|name| PARTS.contains(&name.as_str()))
    };
    let identities: BTreeSet<_> = gone.iter().map(identity).collect();
    let is_right = is_array
        && shortest.into_writer() == data
        && from.as_ref().is_none_or(|tag| tag.len() <= 8)
        && to.as_ref().is_none_or(|tag| (1..=8).contains(&tag.len()))
        && (gone.is_empty() || from != Some(Vec::new()))
        && gone.iter().all(is_bare)
        && identities.len() == gone.len()
        && there.iter().all(|link| !identities.contains(&identity(link)));
    is_right.then_some((from, to, removed, put))
}

/// Applying against its definition.
fn check_apply(delta: &LinkDelta, links: &LinkDocumentBuf) {
    let once = delta.apply(links.as_document());
    assert_eq!(delta.apply(once.as_document()), once);
    let (before, after, put) = (meaning(links), meaning(&once), meaning(delta.put()));
    let removed = meaning(delta.removed());
    for identity in before.keys().chain(after.keys()).chain(put.keys()) {
        let is_named = put.contains_key(identity) || removed.contains_key(identity);
        let kept = before.get(identity).filter(|_| delta.from() != Basis::Nothing);
        assert_eq!(after.get(identity), if is_named { put.get(identity) } else { kept });
    }
}

fn check_laws(a: &LinkDocumentBuf, b: &LinkDocumentBuf, c: &LinkDocumentBuf) {
    let [first, second] = [(a, b), (b, c)].map(|(x, y)| LinkDelta::between(x.as_document(), y.as_document()));
    let to_b = first.apply(a.as_document());
    assert_eq!(meaning(&to_b), meaning(b));
    assert_eq!(first.apply(to_b.as_document()), to_b);
    assert_eq!(first.is_empty(), meaning(a) == meaning(b));
    for delta in [&first, &second] {
        assert_eq!(LinkDelta::decode(&delta.encode(), &LIMITS).as_ref(), Ok(delta));
    }
    let both = first.then(&second).expect("deltas that may be applied to anything");
    assert_eq!(meaning(&both.apply(a.as_document())), meaning(c));
    let in_turn = second.apply(first.apply(c.as_document()).as_document());
    assert_eq!(meaning(&both.apply(c.as_document())), meaning(&in_turn));
}

/// Target, and the first values of the other parts of an identity.
type Identity = (String, [Option<String>; 3]);

/// For each identity its links in order, by the second parser.
fn meaning(links: &LinkDocumentBuf) -> BTreeMap<Identity, Vec<String>> {
    let parsed = abnf::document(links.as_str()).expect("a document is valid");
    let mut meaning: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (link, raw) in parsed.iter().zip(links.links().map(|link| link.raw().to_owned())) {
        meaning.entry(identity(link)).or_default().push(raw);
    }
    meaning
}

fn identity((target, parameters): &abnf::Link) -> Identity {
    let first = |part: &str| {
        let (_, value, _) = parameters.iter().find(|(name, ..)| name.eq_ignore_ascii_case(part))?;
        Some(value.clone().unwrap_or_default())
    };
    (target.clone(), PARTS.map(first))
}

const PARTS: [&str; 3] = ["anchor", "rel", "rev"];
const LIMITS: Limits = Limits { bytes: usize::MAX, links: usize::MAX };
