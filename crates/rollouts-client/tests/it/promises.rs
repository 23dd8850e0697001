//! What this crate promises to those who embed it, as absences that a manifest shows.

fn manifest(path: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(path).expect("a manifest")
}

#[test]
fn the_library_chooses_no_kubernetes_version() {
    let own = manifest("Cargo.toml");
    let library = own.split("[dev-dependencies]").next().expect("a first part");
    assert!(library.contains("k8s-openapi.workspace = true"), "{library}");
    let root = manifest("../../Cargo.toml");
    let line = root.lines().find(|line| line.starts_with("k8s-openapi")).expect("the dependency");
    assert!(!line.contains("v1_"), "{line}");
}

#[test]
fn the_library_knows_neither_simulator_nor_tools() {
    let own = manifest("Cargo.toml");
    for stranger in ["rollouts-sim", "task-manager", "task-master", "scenario", "prd-parser"] {
        assert!(!own.contains(stranger), "depends on {stranger}");
    }
}
