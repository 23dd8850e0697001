//! No input makes the parser panic, lose a checkbox or point outside the text.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{PRD, checked};

/// Pieces of Markdown, whole and broken.
fn piece() -> impl Strategy<Value = String> {
    let fixed = prop_oneof![
        Just("- [ ] "),
        Just("- [x] "),
        Just("* [X] "),
        Just("1. [ ] "),
        Just("- [] "),
        Just("[ ] "),
        Just("- [~] "),
        Just("- "),
        Just("> "),
        Just("  "),
        Just("    "),
        Just("\t"),
        Just("\n"),
        Just("\r\n"),
        Just("\r"),
        Just("\n\n"),
        Just("## Tasks\n"),
        Just("### Phase 1: A (Priority: High)\n"),
        Just("# "),
        Just("## Requirements\n"),
        Just("## Success Criteria\n"),
        Just("```\n"),
        Just("~~~"),
        Just("<!--"),
        Just("-->"),
        Just("<!-- prd:tasks -->"),
        Just("<details>"),
        Just("| [ ] | a |\n"),
        Just("|---|---|\n"),
        Just("---\n"),
        Just("===\n"),
        Just("[x]: /u\n"),
        Just("[x](u)"),
        Just("*"),
        Just("**"),
        Just("_"),
        Just("`"),
        Just("["),
        Just("]"),
        Just("("),
        Just(")"),
        Just("\\"),
        Just("&nbsp;"),
        Just("\u{a0}"),
        Just("\u{feff}"),
        Just("\0"),
        Just("T012 "),
        Just("1.2 "),
        Just(" (depends on T012, Phase 1)"),
        Just("Phase 1 depends on Phase 2\n"),
        Just("Depends on: a and b\n"),
        Just(" section 4 Phase 2"),
        Just("🆔 a"),
        Just("⛔ a"),
        Just("[id:: a]"),
        Just(" ^a"),
        Just("<!-- id: q -->"),
        Just("word"),
        Just("é"),
        Just("任务"),
        Just("§4"),
        Just("("),
    ];
    prop_oneof![8 => fixed.prop_map(str::to_owned), 1 => "\\PC{0,3}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(source in any::<String>()) {
        checked(&source);
    }

    #[test]
    fn any_markdown_is_read(pieces in vec(piece(), 0..60)) {
        checked(&pieces.concat());
    }

    #[test]
    fn the_prd_cut_anywhere_is_read(at in 0..PRD.len(), length in 0..2_000_usize) {
        let ends = |at: usize| (at..=PRD.len()).find(|&at| PRD.is_char_boundary(at)).unwrap_or(PRD.len());
        let (start, end) = (ends(at), ends((at + length).min(PRD.len())));
        checked(&PRD[start..end]);
        checked(&format!("{}{}", &PRD[..start], &PRD[end..]));
    }
}

#[test]
fn line_ends_and_a_byte_order_mark_change_nothing_but_places() {
    let plain = checked(PRD);
    for (edited, shift) in [
        (PRD.replace('\n', "\r\n"), false),
        (PRD.replace('\n', "\r"), true),
        (format!("\u{feff}{PRD}"), false),
        (PRD.trim_end().to_owned(), true),
    ] {
        let parsed = checked(&edited);
        assert_eq!(parsed.tally, plain.tally);
        let ids = |parsed: &prd_parser::Parsed| {
            parsed.plan.tasks.iter().map(|t| (t.id.clone(), t.line)).collect::<Vec<_>>()
        };
        assert_eq!(ids(&parsed), ids(&plain));
        assert_eq!(parsed.plan.metadata.title, plain.plan.metadata.title);
        if shift {
            assert_eq!(parsed.plan.tasks[9].box_at, plain.plan.tasks[9].box_at);
        }
    }
}

#[test]
fn depth_and_length_are_harmless() {
    for source in [
        "- ".repeat(20_000) + "[ ] t",
        "> ".repeat(2_000) + "- [ ] t",
        "[".repeat(20_000),
        "*a _b ".repeat(5_000),
        (0..300).map(|i| "  ".repeat(i) + "- [ ] t\n").collect::<String>(),
        "#".repeat(20_000),
        "```\n".repeat(5_001),
        "## Tasks\n- [ ] ".to_owned() + &"(depends on ".repeat(5_000),
    ] {
        checked(&source);
        checked(&format!("## Tasks\n\n{source}"));
    }
}
