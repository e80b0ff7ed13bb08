//! Plots, as SVG on white, so that they can be read on a dark page as well.

use core::ops::Range;
use core::time::Duration;
use std::error::Error;
use std::path::Path;

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use crate::curves::Curves;
use crate::figure::Figure;
use crate::memory::link_data;
use crate::threads::Latencies;

type Drawn = Result<(), Box<dyn Error>>;

/// A line of a plot.
struct Line {
    name: String,
    color: RGBColor,
    is_dashed: bool,
    points: Vec<(f64, f64)>,
}

/// Draws what a registration takes, by how many there are.
pub(crate) fn memory(path: &Path, curves: &[Curves]) -> Drawn {
    let mut lines = Vec::new();
    for (curves, color) in curves.iter().zip(COLORS) {
        let points: Vec<_> = curves.memory.iter().map(|(size, bytes)| (*size as f64, *bytes)).collect();
        let links = points.iter().map(|(size, _)| (*size, link_data(curves.documents))).collect();
        let line = |name, is_dashed, points| Line { name, color, is_dashed, points };
        lines.push(line(format!("{} documents", curves.name()), false, points));
        if curves.documents == waypost_benches::fleet::Documents::Distinct {
            lines.push(line("their text alone".into(), true, links));
        }
    }
    let top = lines.iter().flat_map(|line| &line.points).map(|(_, bytes)| *bytes).fold(0.0, f64::max);
    let bytes = |bytes: &f64| Figure::Bytes(bytes.round()).to_string();
    draw(
        path,
        "Memory of a registration of ten links",
        sizes(&lines),
        0.0..top * 1.2,
        &lines,
        ("registrations", &count, "", &bytes),
    )
}

/// Draws what look-ups take, by how many registrations there are.
pub(crate) fn look_ups(path: &Path, curves: &Curves) -> Drawn {
    let mut lines = Vec::new();
    for ((name, ours, theirs), color) in curves.look_ups.iter().zip(COLORS) {
        for (who, curve, is_dashed) in [("", ours, false), (" in SQLite", theirs, true)] {
            let points = curve.iter().map(|(size, time)| (*size as f64, time.as_secs_f64())).collect();
            lines.push(Line { name: format!("{name}{who}"), color, is_dashed, points });
        }
    }
    let times = || lines.iter().flat_map(|line| &line.points).map(|(_, time)| *time);
    let (low, high) = (times().fold(f64::MAX, f64::min), times().fold(0.0, f64::max));
    let title = format!("Look-ups with one or ten results, {} documents", curves.name());
    draw(
        path,
        &title,
        sizes(&lines),
        (low / 2.0..high * 10.0).log_scale(),
        &lines,
        ("registrations", &count, "", &time),
    )
}

/// Draws which share of the look-ups take longer than how long.
pub(crate) fn latencies(path: &Path, latencies: &Latencies) -> Drawn {
    let mut lines = Vec::new();
    for ((name, histogram), color) in latencies.iter().zip(COLORS) {
        let longer = |exponent: i32| 10_f64.powf(f64::from(exponent) / 8.0);
        let points = (-40..=16)
            .rev()
            .map(longer)
            .map(|share| (histogram.percentile(100.0 - share).as_secs_f64(), share / 100.0));
        lines.push(Line { name: name.clone(), color, is_dashed: false, points: points.collect() });
    }
    let times = || lines.iter().flat_map(|line| &line.points).map(|(time, _)| *time);
    let (low, high) = (times().fold(f64::MAX, f64::min), times().fold(0.0, f64::max));
    let share = |share: &f64| format!("{} %", share * 100.0);
    let axes = ("a look-up takes longer than", &time as &dyn Fn(&f64) -> String, "share of the look-ups", &share as _);
    draw(path, "Look-ups from several threads", low..high, (1e-7..1.0).log_scale(), &lines, axes)
}

type Label<'a> = &'a dyn Fn(&f64) -> String;

fn draw<Y>(
    path: &Path,
    title: &str,
    x: Range<f64>,
    y: Y,
    lines: &[Line],
    axes: (&str, Label<'_>, &str, Label<'_>),
) -> Drawn
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let area = SVGBackend::new(path, (760, 460)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 20))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(84)
        .build_cartesian_2d(x.log_scale(), y)?;
    let (x_name, x_label, y_name, y_label) = axes;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc(x_name)
        .x_label_formatter(x_label)
        .y_desc(y_name)
        .y_label_formatter(y_label)
        .label_style(("sans-serif", 14))
        .draw()?;
    for line in lines {
        let style = line.color.stroke_width(2);
        let drawn = if line.is_dashed {
            chart.draw_series(DashedLineSeries::new(line.points.iter().copied(), 6, 4, style))?
        } else {
            chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?
        };
        let (from, to) = (if line.is_dashed { 6 } else { 0 }, if line.is_dashed { 14 } else { 20 });
        drawn.label(&*line.name).legend(move |(x, y)| PathElement::new([(x + from, y), (x + to, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .label_font(("sans-serif", 14))
        .draw()?;
    area.present()?;
    Ok(())
}

/// Returns the range of the numbers of registrations.
fn sizes(lines: &[Line]) -> Range<f64> {
    let high = lines.iter().flat_map(|line| &line.points).map(|(size, _)| *size).fold(0.0, f64::max);
    1e4..high.max(2e4)
}

fn count(count: &f64) -> String {
    match *count {
        count if count < 1e6 => format!("{} 000", count / 1e3),
        count => format!("{} M", count / 1e6),
    }
}

fn time(seconds: &f64) -> String {
    Figure::Time(Duration::from_secs_f64(*seconds)).to_string()
}

/// Colours that are told apart also by who does not tell red from green.
const COLORS: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167)];
