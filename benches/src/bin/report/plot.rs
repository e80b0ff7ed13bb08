//! Plots, as SVG on white, so that they can be read on a dark page as well.

use core::error::Error;
use core::ops::Range;
use core::time::Duration;
use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use waypost_benches::fleet::Documents;

use crate::curves::Curves;
use crate::figure::Figure;
use crate::memory::link_data;
use crate::threads::Latencies;

type Drawn = Result<(), Box<dyn Error>>;

/// What there is to say about a plot.
struct Plot<'a> {
    title: &'a str,
    x: Axis<'a>,
    y: Axis<'a>,
    lines: &'a [Line],
    /// Whether each point is marked.
    is_marked: bool,
}

/// The name of an axis, and how its values are written.
struct Axis<'a>(&'a str, fn(&f64) -> String);

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
        lines.push(Line { name: format!("{} documents", curves.name()), color, is_dashed: false, points });
        if curves.documents == Documents::Distinct {
            lines.push(Line { name: "the text of their links alone".into(), color, is_dashed: true, points: links });
        }
    }
    let plot = Plot {
        title: "Memory of a registration of ten links",
        x: Axis("registrations", count),
        y: Axis("bytes of each", |bytes| format!("{bytes}")),
        lines: &lines,
        is_marked: true,
    };
    let top = range(&lines, |(_, bytes)| bytes).end * 1.1;
    plot.draw(path, sizes(&lines), 0.0..top)
}

/// Draws what look-ups take, by how many registrations there are.
pub(crate) fn look_ups(path: &Path, curves: &Curves) -> Drawn {
    let mut lines = Vec::new();
    for ((name, ours, theirs), color) in curves.look_ups.iter().zip(COLORS) {
        for (who, curve, is_dashed) in [("", ours, false), ("SQLite: ", theirs, true)] {
            let points = curve.iter().map(|(size, time)| (*size as f64, time.as_secs_f64())).collect();
            lines.push(Line { name: format!("{who}{name}"), color, is_dashed, points });
        }
    }
    let plot = Plot {
        title: &format!("Look-ups with one or ten results: {} documents", curves.name()),
        x: Axis("registrations", count),
        y: Axis("time of a look-up", time),
        lines: &lines,
        is_marked: true,
    };
    let Range { start, end } = range(&lines, |(_, time)| time);
    plot.draw(path, sizes(&lines), (start / 2.0..end * 2.0).log_scale())
}

/// Draws which share of the look-ups takes longer than how long.
pub(crate) fn latencies(path: &Path, title: &str, latencies: Latencies) -> Drawn {
    let lines = latencies.into_iter().zip(COLORS);
    let lines: Vec<_> = lines.map(|((name, points), color)| Line { name, color, is_dashed: false, points }).collect();
    let plot = Plot {
        title,
        x: Axis("a look-up takes longer than", time),
        y: Axis("share of the look-ups", |share| format!("{} %", (share * 1e6).round() / 1e4)),
        lines: &lines,
        is_marked: false,
    };
    plot.draw(path, range(&lines, |(time, _)| time), (1e-4..1.0).log_scale())
}

impl Plot<'_> {
    fn draw<Y>(&self, path: &Path, x: Range<f64>, y: Y) -> Drawn
    where
        Y: AsRangedCoord<Value = f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
        let legend = LEGEND_LINE * self.lines.len().div_ceil(2) as u32;
        let area = SVGBackend::new(path, (WIDTH, HEIGHT + legend + 12)).into_drawing_area();
        area.fill(&WHITE)?;
        let (area, legend) = area.split_vertically(HEIGHT);
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 20))
            .margin(20)
            .x_label_area_size(48)
            .y_label_area_size(96)
            .build_cartesian_2d(x.log_scale(), y)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .x_desc(self.x.0)
            .x_label_formatter(&self.x.1)
            .y_desc(self.y.0)
            .y_label_formatter(&self.y.1)
            .label_style(("sans-serif", 14))
            .draw()?;
        for line in self.lines {
            let style = line.color.stroke_width(2);
            if self.is_marked {
                chart.draw_series(line.points.iter().map(|point| Circle::new(*point, 3, line.color.filled())))?;
            }
            if line.is_dashed {
                chart.draw_series(DashedLineSeries::new(line.points.iter().copied(), 6, 4, style))?;
            } else {
                chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?;
            }
        }
        for (line, place) in self.lines.iter().zip(0..) {
            let (x, y) = (LEFT + place % 2 * (WIDTH as i32 - LEFT) / 2, place / 2 * LEGEND_LINE as i32 + 10);
            line.explain(&legend, (x, y))?;
        }
        legend.present()?;
        Ok(())
    }
}

impl Line {
    /// Draws what the line looks like, and its name.
    fn explain<B: DrawingBackend>(&self, legend: &DrawingArea<B, Shift>, (x, y): (i32, i32)) -> Drawn
    where
        B::ErrorType: 'static,
    {
        let style = self.color.stroke_width(2);
        let strokes: &[(i32, i32)] = if self.is_dashed { &[(0, 6), (10, 16), (20, 26)] } else { &[(0, 26)] };
        for (from, to) in strokes {
            legend.draw(&PathElement::new([(x + from, y), (x + to, y)], style))?;
        }
        legend.draw(&Text::new(&*self.name, (x + 34, y - 7), ("sans-serif", 13)))?;
        Ok(())
    }
}

/// Returns the least and the greatest of something of the points.
fn range(lines: &[Line], of: fn((f64, f64)) -> f64) -> Range<f64> {
    let values = || lines.iter().flat_map(|line| &line.points).map(|point| of(*point));
    values().fold(f64::MAX, f64::min)..values().fold(0.0, f64::max)
}

/// Returns the range of the numbers of registrations.
fn sizes(lines: &[Line]) -> Range<f64> {
    let Range { start, end } = range(lines, |(size, _)| size);
    start..end.max(2.0 * start)
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

/// Pixels of a plot, without the names of its lines, of which two share a row.
const WIDTH: u32 = 760;
const HEIGHT: u32 = 440;
const LEGEND_LINE: u32 = 20;
/// Pixels from the left edge to the names.
const LEFT: i32 = 60;

/// Colours that are told apart also by who does not tell red from green.
const COLORS: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167)];
