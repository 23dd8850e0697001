//! Shows that parse time grows in step with the input: `cargo run --release -p prd-parser --example scaling`
//!
//! For each kind of hostile input it prints the time for n, 2n and 4n, the ratios, and the share of comrak's
//! own parse. The ratio is scaled to an input of
//! twice the bytes: near 2 is linear, near 4 quadratic. Nothing here is a test: times depend on the machine.

use std::io::Write;
use std::time::{Duration, Instant};

type Make = fn(usize) -> String;

const CASES: &[(&str, usize, Make)] = &[
    ("PRD.md, repeated", 100, |n| include_str!("../../../PRD.md").repeat(n)),
    ("checkboxes", 31250, |n| {
        format!("## Tasks\n{}", (0..n).map(|i| format!("- [ ] t{i}\n")).collect::<String>())
    }),
    ("checkboxes, equal titles", 31250, |n| format!("## Tasks\n{}", "- [ ] t\n".repeat(n))),
    ("checkboxes outside", 31250, |n| "- [ ] t\n".repeat(n)),
    ("near misses", 31250, |n| format!("## Tasks\n{}", "- [] t\n".repeat(n))),
    ("headings with a task", 3125, |n| (0..n).map(|i| format!("## Phase {i}: P{i}\n- [ ] t\n")).collect()),
    ("headings, equal", 6250, |n| "## Phase 1: A\n".repeat(n)),
    ("headings, references", 3125, |n| {
        (0..n).map(|i| format!("## {i}. Phase {i}: P\n- [ ] t, section {} Phase {i}\n", n - i)).collect()
    }),
    ("one long line", 500000, |n| format!("## Tasks\n- [ ] {}", "word ".repeat(n / 5))),
    ("one long line of boxes", 125000, |n| format!("## Tasks\n- [ ] {}", "[ ] ".repeat(n / 4))),
    ("one long line of clauses", 125000, |n| format!("## Tasks\n- [ ] {}", "(depends on a) ".repeat(n / 15))),
    ("one long line of openings", 125000, |n| format!("## Tasks\n- [ ] {}", "(depends on ".repeat(n / 12))),
    ("one clause of many names", 12500, |n| {
        let names: String = (0..n).map(|i| format!("T{i:06}, ")).collect();
        format!(
            "## Tasks\n{}- [ ] all (depends on {names})",
            (0..n).map(|i| format!("- [ ] T{i:06} t\n")).collect::<String>()
        )
    }),
    ("chain of dependencies", 6250, |n| {
        format!(
            "## Tasks\n{}",
            (1..n)
                .map(|i| format!("- [ ] T{i:06} t (depends on T{:06})\n", i.max(2) - 1))
                .collect::<String>()
        )
    }),
    ("unknown dependencies", 6250, |n| {
        format!(
            "## Tasks\n{}",
            (0..n).map(|i| format!("- [ ] a{i} (depends on b{i} and c{i})\n")).collect::<String>()
        )
    }),
    ("nested lists", 1000, |n| {
        format!("## Tasks\n{}", (0..n).map(|i| format!("{}- [ ] t\n", "  ".repeat(i))).collect::<String>())
    }),
    ("nested lists, cut at 90", 6250, |n| {
        format!(
            "## Tasks\n{}",
            (0..n).map(|i| format!("{}- [ ] t\n", "  ".repeat(i % 90))).collect::<String>()
        )
    }),
    ("list markers on one line", 12500, |n| format!("## Tasks\n{}[ ] t", "- ".repeat(n))),
    ("nested quotations", 5000, |n| format!("{}- [ ] t", "> ".repeat(n))),
    ("nested quotations, lines", 200, |n| format!("{}- [ ] t\n", "> ".repeat(n)).repeat(n)),
    ("unclosed fence", 31250, |n| format!("```\n{}", "- [ ] t\n".repeat(n))),
    ("fences", 12500, |n| "```\n- [ ] t\n```\n".repeat(n)),
    ("unclosed brackets", 62500, |n| format!("## Tasks\n- [ ] {}", "[".repeat(n))),
    ("unclosed emphasis", 62500, |n| format!("## Tasks\n- [ ] {}", "*a _b ".repeat(n / 6))),
    ("nested emphasis", 12500, |n| format!("## Tasks\n- [ ] {}t{}", "*a ".repeat(n), " a*".repeat(n))),
    ("backticks", 2000, |n| {
        format!("## Tasks\n- [ ] {}", (1..n).map(|i| format!("e{}", "`".repeat(i))).collect::<String>())
    }),
    ("unclosed HTML comment", 31250, |n| format!("<!--\n{}", "- [ ] t\n".repeat(n))),
    ("unclosed inline HTML", 62500, |n| format!("## Tasks\n- [ ] {}", "<a ".repeat(n / 3))),
    ("link definitions", 6250, |n| {
        (0..n).map(|i| format!("[d{i}]: /u\n")).collect::<String>() + "\n## Tasks\n- [ ] [d1]"
    }),
    ("table", 6250, |n| format!("| a | b |\n|---|---|\n{}", "| [ ] | t |\n".repeat(n))),
    ("wide table", 500, |n| format!("|{}\n|{}\n{}", "a|".repeat(n), "-|".repeat(n), "|\n".repeat(n))),
    ("paragraph lines", 62500, |n| "word\n".repeat(n)),
    ("details", 31250, |n| format!("## Tasks\n- [ ] t\n{}", "  - detail\n".repeat(n))),
    ("carriage returns", 62500, |n| format!("## Tasks\r{}", "- [ ] t\r".repeat(n / 8))),
    ("empty lines", 250000, |n| "\n".repeat(n)),
    ("NULs", 125000, |n| format!("## Tasks\n- [ ] {}", "\0".repeat(n))),
    ("front matter", 12500, |n| format!("---\n{}---\n", "key: value\n".repeat(n))),
    ("setext underlines", 12500, |n| "Tasks\n===\n".repeat(n)),
    ("entities", 62500, |n| format!("## Tasks\n- [ ] {}", "&amp;".repeat(n / 5))),
];

fn main() -> std::io::Result<()> {
    let only = std::env::args().nth(1);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:<28} {:>9} {:>9} {:>9}  {:>5} {:>5}  {:>12}",
        "input", "t(n)", "t(2n)", "t(4n)", "x", "x", "comrak t(4n)"
    )?;
    for (name, n, make) in CASES {
        if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        let sources = [*n, 2 * n, 4 * n].map(make);
        let [one, two, four] =
            [0, 1, 2].map(|i| least(&sources[i], |source| prd_parser::parse(source).tally.checkboxes));
        // Some inputs grow with the square of n: what counts is the time for a byte.
        let growth = |small: usize, time: Duration, before: Duration| {
            let bytes = sources[small + 1].len() as f64 / sources[small].len() as f64;
            2.0 * time.as_secs_f64() / before.as_secs_f64() / bytes
        };
        let own = least(&sources[2], comrak);
        writeln!(
            out,
            "{name:<28} {:>9} {:>9} {:>9}  {:>5.2} {:>5.2}  {:>12}",
            millis(one),
            millis(two),
            millis(four),
            growth(0, two, one),
            growth(1, four, two),
            millis(own),
        )?;
    }
    let prd = include_str!("../../../PRD.md");
    let (ours, own) = (least(prd, |source| prd_parser::parse(source).tally.checkboxes), least(prd, comrak));
    writeln!(
        out,
        "\nPRD.md: {ours:?}, comrak alone {own:?}, throughput {:.2} of comrak's",
        own.as_secs_f64() / ours.as_secs_f64()
    )
}

/// comrak's parse alone, in the parser's dialect.
fn comrak(source: &str) -> usize {
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.front_matter_delimiter = Some("---".to_owned());
    let arena = comrak::Arena::new();
    comrak::parse_document(&arena, source, &options).children().count()
}

/// The least mean of three rounds. Each round is long: the kernel counts time in ticks.
fn least(source: &str, parse: impl Fn(&str) -> usize) -> Duration {
    let round = |_| {
        let start = now();
        let mut runs = 0;
        loop {
            std::hint::black_box(parse(source));
            runs += 1;
            let spent = now().saturating_sub(start);
            if spent > Duration::from_millis(60) {
                return spent / runs;
            }
        }
    };
    (0..3).map(round).min().unwrap_or_default()
}

/// Time on the processor where the kernel tells it, so that other processes do not count; else on the wall.
fn now() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    on_cpu().unwrap_or_else(|| START.elapsed())
}

/// Time that this thread has spent on a processor (Linux).
fn on_cpu() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
