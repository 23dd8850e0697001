//! Writes the compact schemas under `schemas/` from published ones.
//!
//! `schemas crds OUT SOURCE PREFIX OPEN CRD.yaml…` and `schemas openapi OUT SOURCE DOCUMENT.json…`. `PREFIX` begins the
//! names of shared parts, and `OPEN` names the fields that are left open, with commas between them.

use std::error::Error;

use rollouts_sim::generate;

const USAGE: &str = "usage: schemas crds OUT SOURCE PREFIX OPEN FILE…, or schemas openapi OUT SOURCE FILE…";

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [form, out, source, files @ ..] = args.as_slice() else {
        return Err(USAGE.into());
    };
    let made = match form.as_str() {
        "crds" => {
            let [prefix, open, files @ ..] = files else { return Err(USAGE.into()) };
            let open: Vec<&str> = open.split(',').filter(|name| !name.is_empty()).collect();
            generate::from_crds(source, prefix, &open, &read(files)?)?
        }
        _ => generate::from_openapi(source, &read(files)?, &generate::built_in_kinds())?,
    };
    std::fs::write(out, format!("{made}\n"))?;
    Ok(())
}

fn read(files: &[String]) -> std::io::Result<Vec<String>> {
    files.iter().map(std::fs::read_to_string).collect()
}
