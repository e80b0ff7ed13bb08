//! Section 5.3.3: telling a directory how the links changed.

use proptest::prelude::*;
use waypost_client::{Candidate, Limits, RegistrantConfig};
use waypost_link_delta::{Basis, LinkDelta, Tag};
use waypost_link_format::{LinkDocument, LinkDocumentBuf};
use waypost_rest::{Code, ContentFormat, ETag, Method, RequestFailure, Response};

use crate::common::{Asked, Bench, LINKS, RD, changed, code, created, links, unavailable};

const FORMAT: ContentFormat = ContentFormat(65_040);
const FEWER: &str = r#"</temp>;rt="temperature-c""#;

fn delta(asked: &Asked) -> LinkDelta {
    assert_eq!((asked.request.method, asked.request.content_format), (Method::IPatch, Some(FORMAT)));
    LinkDelta::decode(&asked.request.payload, &waypost_link_delta::Limits::default()).unwrap()
}

/// The name that the directory of these tests gives links.
fn etag(links: &str) -> ETag {
    ETag::of(links.as_bytes())
}

fn state(links: &str) -> Basis {
    Basis::State(Tag::new(etag(links).as_bytes()).unwrap())
}

/// The response of a directory that has these links after it.
fn having(links: &str, mut response: Response) -> Response {
    response.etag = Some(etag(links));
    response
}

/// A registrant whose directory announced these formats of its registration interface.
fn registered_at(config: RegistrantConfig, formats: &str) -> Bench<waypost_client::Registrant> {
    let mut bench = Bench::registrant_with(config, "ep=node1&lt=600", &[RD]);
    let discovery = bench.asked();
    bench.answer(&discovery, links(&format!(r#"</rd>;rt="core.rd";ct="{formats}""#)));
    register(&mut bench);
    bench
}

fn register(bench: &mut Bench<waypost_client::Registrant>) {
    let asked = bench.asked();
    bench.answer(&asked, having(LINKS, created("/reg/1")));
    bench.events();
}

fn registered() -> Bench<waypost_client::Registrant> {
    registered_at(RegistrantConfig::new(1), "40 65040")
}

#[test]
fn s5_3_3_a_directory_that_takes_deltas_is_told_how_the_links_changed() {
    let mut bench = registered();
    bench.update("ep=node1&lt=600", r#"</temp>;rt="temperature-c";obs,</hum>"#);
    let asked = bench.asked();
    assert_eq!(asked.line(), "iPATCH coap://rd.example/reg/1");
    let delta = delta(&asked);
    assert_eq!((delta.from(), delta.to()), (state(LINKS), None));
    assert_eq!(delta.removed().as_str(), "</light>");
    assert_eq!(delta.put().as_str(), r#"</temp>;rt="temperature-c";obs,</hum>"#);
    bench.answer(&asked, changed());
    assert_eq!(bench.events(), ["updated at coap://rd.example"]);
    let (renewal, waited) = bench.next_asked(600);
    assert!((375..=450).contains(&waited), "a change renews");
    assert_eq!((renewal.line().as_str(), renewal.request.payload.len()), ("POST coap://rd.example/reg/1", 0));
}

#[test]
fn s5_3_3_changed_parameters_go_with_the_links() {
    let mut bench = registered();
    bench.update("ep=node1&lt=700&floor=3", FEWER);
    let asked = bench.asked();
    assert_eq!(asked.line(), "iPATCH coap://rd.example/reg/1?lt=700&floor=3");
    assert_eq!(delta(&asked).removed().as_str(), "</light>");
}

#[test]
fn s5_3_3_what_a_directory_did_not_announce_is_not_tried() {
    let other = RegistrantConfig::new(1);
    let mut none = RegistrantConfig::new(1);
    none.link_delta_format = None;
    for (config, formats) in [(other.clone(), "40"), (other, "40 65041"), (none, "40 65040")] {
        let mut bench = registered_at(config, formats);
        bench.update("ep=node1&lt=600", FEWER);
        assert_eq!(bench.asked().line(), "POST coap://rd.example/rd?ep=node1&lt=600");
    }
    let mut agreed = RegistrantConfig::new(1);
    agreed.link_delta_format = Some(ContentFormat(65_041));
    let mut bench = registered_at(agreed, "40 65041");
    bench.update("ep=node1&lt=600", FEWER);
    assert_eq!(bench.asked().request.content_format, Some(ContentFormat(65_041)));
}

#[test]
fn s5_3_3_a_directory_that_names_other_links_in_a_renewal_is_told_anew() {
    for formats in ["40 65040", "40"] {
        let mut bench = registered_at(RegistrantConfig::new(1), formats);
        let (renewal, _) = bench.next_asked(600);
        bench.answer(&renewal, having(LINKS, changed()));
        let (renewal, waited) = bench.next_asked(600);
        assert!(waited >= 375, "the links are those that were told");
        bench.answer(&renewal, having(FEWER, changed()));
        let (asked, waited) = bench.next_asked(600);
        if formats == "40" {
            assert!(waited >= 375, "what its entity tags mean is not known");
            continue;
        }
        assert_eq!(asked.line(), "POST coap://rd.example/rd?ep=node1&lt=600");
        assert_eq!(asked.request.payload, LINKS.as_bytes());
        bench.answer(&asked, having(LINKS, created("/reg/1")));
        let (renewal, waited) = bench.next_asked(600);
        assert!(waited >= 375 && renewal.line() == "POST coap://rd.example/reg/1");
    }
}

#[test]
fn s5_3_3_of_a_configured_interface_it_is_configured_whether_it_takes_deltas() {
    let speaks = RegistrantConfig::new(1);
    let mut silent = RegistrantConfig::new(1);
    silent.link_delta_format = None;
    for (config, takes, is_patched) in [(speaks.clone(), false, false), (speaks, true, true), (silent, true, false)] {
        let mut bench = Bench::registrant_with(config, "ep=node1", &[]);
        let candidate = Candidate::new("coap://rd.example/rd").unwrap();
        bench.add(if takes { candidate.taking_link_deltas() } else { candidate });
        register(&mut bench);
        bench.update("ep=node1", FEWER);
        assert_eq!(bench.asked().request.method == Method::IPatch, is_patched);
    }
}

#[test]
fn s5_3_3_a_directory_that_refuses_deltas_is_told_everything_from_then_on() {
    for refusal in [Code::METHOD_NOT_ALLOWED, Code::UNSUPPORTED_CONTENT_FORMAT] {
        let mut bench = registered();
        bench.update("ep=node1&lt=600", FEWER);
        let patch = bench.asked();
        bench.answer(&patch, code(refusal));
        for text in [FEWER, LINKS] {
            bench.update("ep=node1&lt=600", text);
            let asked = bench.asked();
            assert_eq!(asked.line(), "POST coap://rd.example/rd?ep=node1&lt=600");
            assert_eq!(asked.request.payload, text);
            bench.answer(&asked, created("/reg/1"));
            assert_eq!(bench.events().last().unwrap(), "updated at coap://rd.example");
        }
    }
}

#[test]
fn s5_3_3_a_registration_that_is_gone_is_made_again() {
    let mut bench = registered();
    bench.update("ep=node1&lt=600", FEWER);
    let patch = bench.asked();
    bench.answer(&patch, code(Code::NOT_FOUND));
    let asked = bench.asked();
    assert_eq!(asked.line(), "POST coap://rd.example/rd?ep=node1&lt=600");
    bench.answer(&asked, having(FEWER, created("/reg/2")));
    bench.update("ep=node1&lt=600", LINKS);
    assert_eq!(bench.asked().line(), "iPATCH coap://rd.example/reg/2", "it did not refuse deltas");
}

#[test]
fn s5_3_3_each_delta_is_for_the_links_that_the_directory_named_last() {
    let mut bench = registered();
    let mut before = LINKS;
    for text in [FEWER, "</x>", "</x>,</y>"] {
        bench.update("ep=node1&lt=600", text);
        let asked = bench.asked();
        assert_eq!(delta(&asked).from(), state(before));
        bench.answer(&asked, having(text, changed()));
        // What changes no links does not tell of any.
        let (renewal, _) = bench.next_asked(600);
        bench.answer(&renewal, changed());
        before = text;
    }
}

#[test]
fn s5_3_3_a_directory_that_does_not_name_the_links_is_told_all_of_them() {
    let mut bench = registered();
    bench.update("ep=node1&lt=600", FEWER);
    let patch = bench.asked();
    bench.answer(&patch, changed());
    bench.update("ep=node1&lt=600", LINKS);
    let asked = bench.asked();
    assert_eq!(
        (asked.line().as_str(), &asked.request.payload[..]),
        ("POST coap://rd.example/rd?ep=node1&lt=600", LINKS.as_bytes())
    );
    bench.answer(&asked, created("/reg/1"));
    bench.update("ep=node1&lt=600", FEWER);
    assert_eq!(bench.asked().request.method, Method::Post);
}

#[test]
fn s5_3_3_a_directory_that_has_other_links_is_told_all_of_them_once() {
    let mut bench = registered();
    bench.update("ep=node1&lt=600", FEWER);
    let patch = bench.asked();
    bench.answer(&patch, code(Code::CONFLICT));
    let asked = bench.asked();
    assert_eq!(
        (asked.line().as_str(), &asked.request.payload[..]),
        ("POST coap://rd.example/rd?ep=node1&lt=600", FEWER.as_bytes())
    );
    bench.answer(&asked, having(FEWER, created("/reg/1")));
    assert_eq!(bench.events(), ["refused by coap://rd.example/reg/1: 4.09", "updated at coap://rd.example",]);
    bench.asks_nothing();
    bench.update("ep=node1&lt=600", LINKS);
    assert_eq!(delta(&bench.asked()).from(), state(FEWER));
}

#[test]
fn s5_3_3_a_directory_that_has_other_links_is_told_also_what_it_was_told_before() {
    let mut bench = registered();
    bench.update("ep=node1&lt=600", FEWER);
    let patch = bench.asked();
    bench.update("ep=node1&lt=600", LINKS);
    bench.answer(&patch, code(Code::CONFLICT));
    assert_eq!(bench.asked().request.payload, LINKS);
}

#[test]
fn s5_3_3_a_change_that_is_put_off_is_sent_with_what_changed_meanwhile() {
    let mut bench = registered();
    bench.update("ep=node1&lt=600", FEWER);
    let patch = bench.asked();
    bench.answer(&patch, unavailable(10));
    bench.update("ep=node1&lt=600", "</x>");
    let (again, _) = bench.next_asked(20);
    assert_eq!(delta(&again).put().as_str(), "</x>");
    bench.answer(&again, changed());
    bench.asks_nothing();
}

#[test]
fn s5_3_3_what_may_have_arrived_is_taken_back() {
    let mut bench = registered();
    bench.update("ep=node1&lt=600", FEWER);
    let patch = bench.asked();
    bench.fail(&patch, RequestFailure::TimedOut);
    bench.update("ep=node1&lt=600", LINKS);
    let (again, _) = bench.next_asked(20);
    let delta = delta(&again);
    assert!(delta.is_empty() && delta.from() == state(LINKS), "it asks whether they are still the same");
    bench.answer(&again, code(Code::CONFLICT));
    assert_eq!(bench.asked().request.payload, LINKS);
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Answered,
    Lost,
    AnswerLost,
}

/// A directory, as far as its links go.
struct Directory {
    links: LinkDocumentBuf,
    registrations: usize,
    conflicts: usize,
}

impl Directory {
    fn take(&mut self, asked: &Asked) -> Response {
        let is_registration = asked.request.path == ["rd"];
        let response = match asked.request.method {
            Method::Get => return links(INTERFACE),
            Method::IPatch => {
                let delta = delta(asked);
                if delta.from() != state(self.links.as_str()) {
                    self.conflicts += 1;
                    return code(Code::CONFLICT);
                }
                self.links = delta.apply(self.links.as_document());
                changed()
            }
            Method::Post if is_registration => {
                self.registrations += 1;
                self.links = LinkDocument::parse_bytes(&asked.request.payload).unwrap().into();
                created("/reg/1")
            }
            _ => return changed(),
        };
        having(self.links.as_str(), response)
    }
}

fn description() -> impl Strategy<Value = String> {
    let link = prop::sample::select(vec!["</a>", "</a>;rt=x", "</a>;rel=y", "</b>", "</b>;obs", "</c>;ct=40"]);
    prop::collection::vec(link, 0..5).prop_map(|links| links.join(","))
}

fn fate() -> impl Strategy<Value = Fate> {
    prop::sample::select(vec![Fate::Answered, Fate::Lost, Fate::AnswerLost])
}

fn sorted(links: LinkDocument<'_>) -> Vec<&str> {
    let mut links: Vec<_> = links.links().map(|link| link.raw()).collect();
    links.sort_unstable();
    links
}

proptest! {
    #[test]
    fn s5_3_3_whatever_was_lost_or_replaced_the_directory_knows_the_links_in_the_end(
        story in prop::collection::vec((description(), fate(), prop::option::weighted(0.2, description())), 1..12)
    ) {
        let limits = Limits { renew_retries: 100, burst: 1000, ..Limits::default() };
        let mut bench = registered_at(RegistrantConfig::new(1).with_limits(limits), "40 65040");
        let links = LinkDocumentBuf::parse(LINKS).unwrap();
        let mut directory = Directory { links, registrations: 0, conflicts: 0 };
        for (description, fate, replaced) in story.into_iter().chain([(END.into(), Fate::Answered, None)]) {
            if let Some(others) = replaced {
                directory.links = LinkDocumentBuf::parse(others).unwrap();
            }
            bench.update("ep=node1&lt=90000", &description);
            let (asked, _) = bench.next_asked(90_000);
            match fate {
                Fate::Lost => bench.fail(&asked, RequestFailure::TimedOut),
                Fate::AnswerLost => {
                    directory.take(&asked);
                    bench.fail(&asked, RequestFailure::TimedOut);
                }
                Fate::Answered => bench.answer(&asked, directory.take(&asked)),
            }
        }
        for _ in 0..3 {
            bench.all_asked().iter().for_each(|asked| bench.answer(asked, directory.take(asked)));
        }
        bench.asks_nothing();
        prop_assert_eq!(sorted(directory.links.as_document()), sorted(LinkDocument::parse(END).unwrap()));
        prop_assert!(directory.registrations == 0 || directory.conflicts > 0, "there was no reason to register again");
    }
}

const END: &str = "</a>,</end>";
const INTERFACE: &str = r#"</rd>;rt="core.rd";ct="40 65040""#;
