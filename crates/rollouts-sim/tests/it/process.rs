//! The shipped binary: it serves, is killed, and its cluster is there again.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, Patch, PatchParams};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

#[expect(clippy::disallowed_methods, reason = "the binary under test")]
fn rollouts_sim(args: &[&str], dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollouts-sim"));
    command.args(args).arg("--dir").arg(dir).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A serving child and its address.
fn serve(dir: &Path) -> (Child, String) {
    let mut child = rollouts_sim(&["serve", "--addr", "127.0.0.1:0"], dir).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
    (child, address)
}

fn touch(address: &str, name: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = kube::Client::try_from(kube::Config::new(address.parse().unwrap())).unwrap();
        let maps: Api<ConfigMap> = Api::namespaced(client, "default");
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
        let (params, map) = (PatchParams::apply("tester"), Patch::Apply(map));
        let made = maps.patch(name, &params, &map);
        tokio::time::timeout(Duration::from_secs(60), made).await.unwrap().unwrap();
    });
}

fn status(dir: &Path) -> (Option<i32>, String) {
    let output = rollouts_sim(&["status"], dir).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn a_killed_server_loses_nothing_that_it_answered() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("sim");
    assert_eq!(status(&dir).1, format!("no simulated cluster in {}\n", dir.display()));
    assert!(!dir.exists(), "looking creates nothing");

    let (mut first, address) = serve(&dir);
    touch(&address, "a");
    let (code, said) = status(&dir);
    assert_eq!(code, Some(1));
    assert!(said.contains(&format!("is in use by process {}", first.id())), "{said}");
    first.kill().unwrap();
    first.wait().unwrap();
    let (code, said) = status(&dir);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("configmaps        1"), "{said}");

    let (mut second, address) = serve(&dir);
    touch(&address, "b");
    kill(Pid::from_raw(second.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    assert_eq!(second.wait().unwrap().code(), Some(0));
    assert!(status(&dir).1.contains("configmaps        2"));

    let reset = rollouts_sim(&["reset"], &dir).output().unwrap();
    assert!(String::from_utf8_lossy(&reset.stdout).starts_with("removed the simulated cluster"));
    assert!(status(&dir).1.starts_with("no simulated cluster"));
}
