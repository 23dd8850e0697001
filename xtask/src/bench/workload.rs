//! Generated projects that are measured: large plans, and plans of steps that do nothing.

use std::fmt::Write;

/// A PRD of `tasks` tasks in phases of a hundred, each depending on up to `edges` earlier ones.
pub(crate) fn plan(tasks: usize, edges: usize) -> String {
    let mut text = String::from("# Large\n\n## 6. Implementation Phases\n");
    for task in 0..tasks {
        if task % 100 == 0 {
            write_line(&mut text, format_args!("\n### Phase {0}: Part {0} (Priority: High)", task / 100 + 1));
        }
        let needs: Vec<String> =
            (1..=edges).filter_map(|back| task.checked_sub(back * 7)).map(|on| format!("T{on:05}")).collect();
        let needs =
            if needs.is_empty() { String::new() } else { format!(" (depends on {})", needs.join(", ")) };
        write_line(&mut text, format_args!("- [ ] T{task:05} Do part {task}{needs}"));
    }
    text
}

/// A runbook that binds each task of [`plan`] to one check that is so from the start.
pub(crate) fn runbook(tasks: usize) -> String {
    let mut text = String::from("version: 1\ntasks:\n");
    for task in 0..tasks {
        write_line(
            &mut text,
            format_args!(
                "  T{task:05}:\n    steps:\n      - check: {{object: {{apiVersion: v1, kind: Namespace, \
                 name: default, contains: {{metadata: {{name: default}}}}}}}}\n    mutation:\n      \
                 delete: {{apiVersion: v1, kind: Namespace, name: default}}"
            ),
        );
    }
    text
}

/// Writing into a string cannot fail.
fn write_line(text: &mut String, line: std::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{line}");
}
