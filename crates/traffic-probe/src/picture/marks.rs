//! Where the labels of marks go, so that none covers another.

/// About how wide a character of a label is.
const CHARACTER: f64 = 7.2;

/// A label in its place.
#[derive(Debug, PartialEq)]
pub(super) struct Label {
    /// The row, 0 nearest to the curve.
    pub(super) row: usize,
    /// Whether it stands to the left of its line, for want of room on the right.
    pub(super) left: bool,
}

/// About how wide a text is.
pub(super) fn width(text: &str) -> f64 {
    f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX)) * CHARACTER
}

/// Places labels at the places of their lines, each in the lowest row where it covers none before it.
pub(super) fn place(marks: &[(f64, &str)], right: f64) -> Vec<Label> {
    let mut rows: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut labels = Vec::new();
    for (at, text) in marks {
        let wide = width(text) + 14.0;
        let left = at + wide > right;
        let span = if left { (at - wide, *at) } else { (*at, at + wide) };
        let free = |row: &Vec<(f64, f64)>| row.iter().all(|other| span.1 <= other.0 || other.1 <= span.0);
        let row = rows.iter().position(free).unwrap_or_else(|| {
            rows.push(Vec::new());
            rows.len() - 1
        });
        rows[row].push(span);
        labels.push(Label { row, left });
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_would_overlap_take_another_row() {
        let labels = place(&[(0.0, "promote"), (10.0, "undo"), (320.0, "abort"), (395.0, "retry")], 400.0);
        let rows: Vec<(usize, bool)> = labels.iter().map(|label| (label.row, label.left)).collect();
        assert_eq!(rows, [(0, false), (1, false), (0, false), (1, true)]);
    }
}
