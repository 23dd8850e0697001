//! The drawing itself.

use std::fmt::Write;

use super::Picture;
use super::layers::Layers;
use super::marks::{self, Label};
use super::scale::{Axis, grouped};
use crate::account::Account;
use crate::message::Measured;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 68.0;
const RIGHT: f64 = WIDTH - 28.0;
/// The height of the curve of answers, of the lane of lost requests, and of the curve of latency.
const ANSWERS: f64 = 230.0;
const LANE: f64 = 18.0;
const LATENCY: f64 = 64.0;
const LABEL: f64 = 19.0;

/// Colours that stay apart for people who see colours differently, by order of first appearance.
const VERSIONS: usize = 6;

/// Everything that has a colour has it from here; the second half is for dark surroundings.
const STYLE: &str = "\
text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-size:12px;fill:#57606a}\
.ground{fill:#ffffff;stroke:#d8dee4}.title{font-size:17px;font-weight:600;fill:#1f2328}.strong{fill:#1f2328}\
.grid{stroke:#d8dee4;stroke-width:1}.axis{stroke:#8c959f;stroke-width:1}\
.v0{fill:#3b7dd8}.v1{fill:#3fa66b}.v2{fill:#d9922e}.v3{fill:#8a63d2}.v4{fill:#2aa5a8}.v5{fill:#c2588f}\
.lost{fill:#d1242f}.slow{fill:#8c959f;fill-opacity:.35;stroke:#6e7781;stroke-width:1}\
.mark{stroke:#1f2328;stroke-width:1.2;stroke-dasharray:4 3}.tag{fill:#1f2328}.ontag{fill:#ffffff}\
.bad{fill:#d1242f;font-weight:600}\
@media(prefers-color-scheme:dark){\
text{fill:#9198a1}.ground{fill:#0d1117;stroke:#30363d}.title,.strong{fill:#e6edf3}\
.grid{stroke:#21262d}.axis{stroke:#6e7681}\
.v0{fill:#4c8ff0}.v1{fill:#46b377}.v2{fill:#e0a03f}.v3{fill:#a07be8}.v4{fill:#38b6b9}.v5{fill:#d96ea6}\
.lost{fill:#ff6b6b}.slow{fill:#6e7681;fill-opacity:.45;stroke:#9198a1}\
.mark{stroke:#e6edf3}.tag{fill:#e6edf3}.ontag{fill:#0d1117}.bad{fill:#ff6b6b}}";

/// Draws an account: answers a second by version, stacked; a lane with every lost request; the slowest
/// answers; and the marks. The text of the picture is escaped.
pub fn svg(account: &Account, picture: &Picture) -> String {
    let mut page = Page::default();
    let layers = Layers::new(account, picture.step);
    let x = Axis::new(layers.as_ref().map_or(1.0, |layers| layers.seconds), 10.0, false, LEFT, RIGHT);
    let marks = placed(picture, layers.as_ref(), &x);
    let rows = marks.iter().map(|(_, _, label)| label.row + 1).max().unwrap_or(0);
    let top = 92.0 + LABEL * f64::from(u8::try_from(rows).unwrap_or(u8::MAX));
    let (bottom, lane) = (top + ANSWERS, top + ANSWERS + 8.0);
    let latency = (lane + LANE + 20.0, lane + LANE + 20.0 + LATENCY);
    let height = latency.1 + 46.0;

    page.heading(account, picture);
    page.legend(account, layers.as_ref());
    if let Some(layers) = &layers {
        let y = Axis::new(layers.highest(), 4.0, true, bottom, top);
        page.grid(&y, "answers per second");
        for index in 0..layers.versions.len() {
            page.path(&format!("v{}", index % VERSIONS), &layers.outline(index, &x, &y));
        }
        page.path("lost", &layers.outline(layers.versions.len(), &x, &y));
        page.lane(account, layers, &x, lane);
        let slow = Axis::new(layers.slowest(), 2.0, true, latency.1, latency.0);
        page.grid(&slow, "slowest, ms");
        page.path("slow", &layers.latency(&x, &slow));
    }
    page.seconds(&x, &[bottom, latency.1], latency.1);
    page.marks(&marks, top, latency.1);
    page.finish(&picture.title, account, height)
}

/// The marks that lie in the load, with their places and labels, in order of time.
fn placed<'a>(picture: &'a Picture, layers: Option<&Layers>, x: &Axis) -> Vec<(f64, &'a str, Label)> {
    let Some(layers) = layers else { return Vec::new() };
    let mut marks: Vec<(f64, &str)> = picture
        .marks
        .iter()
        .map(|mark| (mark.at.duration_since(layers.start).as_secs_f64(), mark.label.as_str()))
        .filter(|(at, _)| (0.0..=layers.seconds).contains(at))
        .map(|(at, label)| (x.at(at), label))
        .collect();
    marks.sort_by(|one, other| one.0.total_cmp(&other.0));
    let labels = marks::place(&marks, RIGHT);
    marks.into_iter().zip(labels).map(|((at, text), label)| (at, text, label)).collect()
}

/// The elements of the picture so far.
#[derive(Default)]
struct Page {
    body: String,
}

impl Page {
    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.body, "{element}");
    }

    fn path(&mut self, class: &str, outline: &str) {
        if !outline.is_empty() {
            self.add(format_args!("<path class=\"{class}\" d=\"{outline}\"/>"));
        }
    }

    fn heading(&mut self, account: &Account, picture: &Picture) {
        self.add(format_args!("<text class=\"title\" x=\"24\" y=\"34\">{}</text>", escape(&picture.title)));
        let (lost, sent) = (account.lost(), grouped(account.sent()));
        let measured = match account.measured() {
            Measured::Live => "measured",
            Measured::Modelled => "modelled",
        };
        let class = if lost == 0 { "strong" } else { "bad" };
        let lost = grouped(lost);
        // How long answers took is not worth saying when the sender itself was late.
        let validity = account.validity();
        let times = match account.latency().filter(|_| validity.is_valid()) {
            Some(latency) => {
                let ms = |duration: std::time::Duration| duration.as_secs_f64() * 1e3;
                format!(" · median {:.1} ms, p99 {:.1} ms", ms(latency.p50), ms(latency.p99))
            }
            None => String::new(),
        };
        let invalid = if validity.is_valid() {
            String::new()
        } else {
            format!(" · <tspan class=\"bad\">{}</tspan>", escape(&validity.to_string()))
        };
        self.add(format_args!(
            "<text x=\"24\" y=\"54\">{sent} requests, <tspan class=\"{class}\">{lost} lost</tspan>\
             {times} · {measured}{invalid}</text>"
        ));
    }

    fn legend(&mut self, account: &Account, layers: Option<&Layers>) {
        let mut at = 24.0;
        let counts = account.by_version();
        let versions = layers.map_or(&[][..], |layers| &layers.versions);
        let mut entry = |class: &str, text: &str| {
            self.add(format_args!(
                "<rect class=\"{class}\" x=\"{at:.1}\" y=\"66\" width=\"11\" height=\"11\" rx=\"2\"/>\
                 <text x=\"{:.1}\" y=\"76\">{}</text>",
                at + 17.0,
                escape(text)
            ));
            at += 17.0 + marks::width(text) + 16.0;
        };
        for (index, version) in versions.iter().enumerate() {
            let answers = grouped(counts.get(version).copied().unwrap_or(0));
            entry(&format!("v{}", index % VERSIONS), &format!("{version}: {answers} answers"));
        }
        entry("lost", &format!("lost: {}", grouped(account.lost())));
    }

    /// Horizontal lines with their values, and what they count.
    fn grid(&mut self, y: &Axis, unit: &str) {
        for (value, label) in y.ticks() {
            let at = y.at(value);
            self.add(format_args!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                LEFT - 8.0,
                at + 4.0
            ));
        }
        let middle = (y.at(0.0) + y.at(y.end)) / 2.0;
        self.add(format_args!(
            "<text transform=\"translate(22 {middle:.1}) rotate(-90)\" text-anchor=\"middle\">{unit}</text>"
        ));
    }

    /// One tick for each step in which something was lost: a single request must not hide in a curve.
    fn lane(&mut self, account: &Account, layers: &Layers, x: &Axis, top: f64) {
        let middle = top + LANE / 2.0 + 4.0;
        self.add(format_args!(
            "<text x=\"{:.1}\" y=\"{middle:.1}\" text-anchor=\"end\">lost</text>",
            LEFT - 8.0
        ));
        self.add(format_args!(
            "<rect class=\"ground\" x=\"{LEFT}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{LANE}\" rx=\"3\"/>",
            RIGHT - LEFT
        ));
        if account.lost() == 0 {
            self.add(format_args!(
                "<text x=\"{:.1}\" y=\"{middle:.1}\" text-anchor=\"middle\">none</text>",
                f64::midpoint(LEFT, RIGHT)
            ));
        }
        for step in layers.steps.iter().filter(|step| step.lost > 0) {
            let (from, to) = (x.at(step.from), x.at(step.to));
            self.add(format_args!(
                "<rect class=\"lost\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\">\
                 <title>{} lost at {:.1} s</title></rect>",
                top + 2.0,
                (to - from).max(2.0),
                LANE - 4.0,
                step.lost,
                step.from
            ));
        }
    }

    fn seconds(&mut self, x: &Axis, lines: &[f64], bottom: f64) {
        for line in lines {
            self.add(format_args!(
                "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{line:.1}\" y2=\"{line:.1}\"/>"
            ));
        }
        for (value, label) in x.ticks() {
            let at = x.at(value);
            self.add(format_args!(
                "<line class=\"axis\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{bottom:.1}\" y2=\"{:.1}\"/>\
                 <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
                bottom + 5.0,
                bottom + 18.0
            ));
        }
        self.add(format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">seconds since the first request</text>",
            f64::midpoint(LEFT, RIGHT),
            bottom + 36.0
        ));
    }

    fn marks(&mut self, marks: &[(f64, &str, Label)], top: f64, bottom: f64) {
        for (at, text, label) in marks {
            let row = f64::from(u8::try_from(label.row).unwrap_or(u8::MAX));
            let high = top - 4.0 - LABEL * (row + 1.0);
            let wide = marks::width(text) + 12.0;
            let from = if label.left { at - wide } else { *at };
            self.add(format_args!(
                "<line class=\"mark\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{high:.1}\" y2=\"{bottom:.1}\"/>\
                 <rect class=\"tag\" x=\"{from:.1}\" y=\"{high:.1}\" width=\"{wide:.1}\" height=\"16\" rx=\"3\"/>\
                 <text class=\"ontag\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                from + wide / 2.0,
                high + 12.0,
                escape(text)
            ));
        }
    }

    fn finish(self, title: &str, account: &Account, height: f64) -> String {
        let (title, sent, lost) = (escape(title), account.sent(), account.lost());
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" \
             height=\"{height:.0}\" role=\"img\">\n<title>{title}</title>\n\
             <desc>{sent} requests, {lost} lost: answers per second by version, and the slowest answers.</desc>\n\
             <style>{STYLE}</style>\n\
             <rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"{:.0}\" height=\"{:.0}\" rx=\"8\"/>\n{}</svg>\n",
            WIDTH - 1.0,
            height - 1.0,
            self.body
        )
    }
}

/// Text as it may stand in an element. Characters that XML does not know at all are left out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_element() {
        assert_eq!(escape("a<b>&\"\u{0}c"), "a&lt;b&gt;&amp;&quot; c");
    }
}
