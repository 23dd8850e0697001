//! Rows under each other.

use std::fmt;

/// Columns two spaces apart, each as wide as its widest cell in characters; no spaces at line ends.
pub(crate) fn write<R: AsRef<[String]>>(rows: &[R], f: &mut impl fmt::Write) -> fmt::Result {
    let count = rows.iter().map(|row| row.as_ref().len()).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.as_ref().get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    for row in rows {
        let cells = row.as_ref().iter().zip(&widths);
        let line: String = cells.map(|(cell, width)| format!("{cell:<width$}  ")).collect();
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}
