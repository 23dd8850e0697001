//! Writes the compact schemas under `schemas/` from published ones.
//!
//! `schemas crds OUT SOURCE CRD.yaml…` and `schemas openapi OUT SOURCE DOCUMENT.json…`.

use std::error::Error;

use rollouts_sim::generate;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [form, out, source, files @ ..] = args.as_slice() else {
        return Err("usage: schemas crds|openapi OUT SOURCE FILE…".into());
    };
    let texts = files.iter().map(std::fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
    let made = match form.as_str() {
        "crds" => generate::from_crds(source, &texts)?,
        _ => generate::from_openapi(source, &texts, &generate::built_in_kinds())?,
    };
    std::fs::write(out, format!("{made}\n"))?;
    Ok(())
}
