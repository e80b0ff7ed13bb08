//! What it costs to parse, read, write and resolve a document of 20 links, as a device with a dozen sensors has it; and what
//! the parser of coap-lite takes for the same work.

use core::hint::black_box;

use coap_lite::link_format::LinkFormatParser;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use waypost_link_format::{Base, LinkDocument, LinkWriter, resolve};

fn parse_and_read(criterion: &mut Criterion) {
    let text = document();
    let mut group = criterion.benchmark_group("link_format");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("check", |bencher| bencher.iter(|| LinkDocument::parse(black_box(&text)).is_ok()));
    group.bench_function("check, read every value", |bencher| bencher.iter(|| read_all(black_box(&text))));
    group.bench_function("coap-lite: read every value", |bencher| {
        bencher.iter(|| read_all_by_coap_lite(black_box(&text)));
    });
    group.finish();
}

fn write(criterion: &mut Criterion) {
    let text = document();
    let document = LinkDocument::parse(&text).expect("the document is valid");
    let offsets: Vec<_> = document.links().map(|link| link.offset()).collect();
    let mut group = criterion.benchmark_group("link_format");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("copy links", |bencher| {
        let mut out = String::with_capacity(2 * text.len());
        bencher.iter(|| {
            out.clear();
            let mut writer = LinkWriter::new(&mut out);
            for link in offsets.iter().filter_map(|offset| document.link_at(*offset)) {
                writer.copy(link).expect("writing to a string cannot fail");
            }
            writer.finish().expect("writing to a string cannot fail");
            black_box(out.len())
        });
    });
    group.finish();
}

fn resolve_targets(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resolve");
    let base = "coap://[2001:db8:3::123]:61616";
    for (name, reference) in [
        ("path-absolute", "/sensors/temperature/1"),
        ("uri", "coap://sensor.example.com/sensors/temperature/1"),
        ("dot segments", "/sensors/./temperature/1"),
    ] {
        group.bench_function(name, |bencher| bencher.iter(|| resolve(black_box(base), black_box(reference)).is_ok()));
    }
    let kept = Base::new(base).expect("the base is a URI");
    group.bench_function("path-absolute, base kept", |bencher| {
        bencher.iter(|| kept.resolve(black_box("/sensors/temperature/1")).is_ok());
    });
    group.finish();
}

/// 1.8 kB in 20 links.
fn document() -> String {
    let links = (0..20).map(|number| {
        format!(
            "</sensors/temperature/{number}>;rt=\"temperature-c core.s\";if=\"core.s\";ct=\"40 60\";title=\"Room {number}\";obs"
        )
    });
    links.collect::<Vec<_>>().join(",")
}

fn read_all(text: &str) -> usize {
    let Ok(document) = LinkDocument::parse(text) else {
        return 0;
    };
    let mut read = 0;
    for link in document {
        black_box(link.target());
        for parameter in link.parameters() {
            black_box((parameter.name(), parameter.value()));
            read += 1;
        }
    }
    read
}

fn read_all_by_coap_lite(text: &str) -> usize {
    let mut read = 0;
    for link in LinkFormatParser::new(text) {
        let Ok((target, attributes)) = link else {
            return 0;
        };
        black_box(target);
        for (name, value) in attributes {
            black_box((name, value.to_cow()));
            read += 1;
        }
    }
    read
}

criterion_group!(benches, parse_and_read, write, resolve_targets);
criterion_main!(benches);
