//! Kubernetes without a node: a store, an API server, and the controllers that finish a deletion.
//!
//! It is a cluster for Terraform's purposes, in a folder that is thrown away and on free ports of loopback. It needs
//! no root and does not touch the host cluster. No pod ever runs on it.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Child;
use std::time::Duration;

use serde_json::json;

use crate::cluster::{self, API_SERVER, CONTROLLER_MANAGER, ETCD};
use crate::gomodule::{self, KUBECTL, Program};
use crate::run::{self, Error};

/// The longest that the API may take to be ready.
const BOUND: Duration = Duration::from_secs(120);

/// The processes, which end with this value.
pub(super) struct Api {
    folder: tempfile::TempDir,
    running: Vec<Child>,
}

impl Api {
    /// Compiles what is missing, starts it, and waits until the API is ready.
    ///
    /// # Errors
    /// A program that cannot be had or started, or an API that is not ready in time.
    pub(super) fn start() -> Result<Api, Error> {
        for program in [&ETCD, &API_SERVER, &CONTROLLER_MANAGER, &KUBECTL] {
            gomodule::ensure(program)?;
        }
        let folder =
            tempfile::tempdir().map_err(|source| Error::file("create", &std::env::temp_dir(), source))?;
        let mut api = Api { folder, running: Vec::new() };
        let [store, peers, port] = [free_port()?, free_port()?, free_port()?];
        let (store, peers) = (format!("http://127.0.0.1:{store}"), format!("http://127.0.0.1:{peers}"));
        api.begin(
            &ETCD,
            &[
                &format!("--data-dir={}", api.file("store")),
                &format!("--listen-client-urls={store}"),
                &format!("--advertise-client-urls={store}"),
                &format!("--listen-peer-urls={peers}"),
                &format!("--initial-advertise-peer-urls={peers}"),
                &format!("--initial-cluster=default={peers}"),
            ],
        )?;
        let accounts = rcgen::KeyPair::generate()
            .map_err(|error| Error::Found(format!("cannot make the key of service accounts: {error}")))?;
        api.write("accounts.key", &accounts.serialize_pem())?;
        api.write("accounts.pub", &accounts.public_key_pem())?;
        let token = cluster::random()?;
        api.write("tokens.csv", &format!("{token},admin,admin,system:masters\n"))?;
        api.begin(
            &API_SERVER,
            &[
                &format!("--etcd-servers={store}"),
                "--bind-address=127.0.0.1",
                &format!("--secure-port={port}"),
                &format!("--cert-dir={}", api.file("certificates")),
                "--service-account-issuer=https://kubernetes.default.svc",
                &format!("--service-account-key-file={}", api.file("accounts.pub")),
                &format!("--service-account-signing-key-file={}", api.file("accounts.key")),
                "--service-cluster-ip-range=10.244.0.0/24",
                "--authorization-mode=RBAC",
                &format!("--token-auth-file={}", api.file("tokens.csv")),
            ],
        )?;
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": super::CONTEXT,
            "clusters": [{ "name": "api", "cluster": {
                "server": format!("https://127.0.0.1:{port}"),
                "certificate-authority": api.file("certificates/apiserver.crt"),
            } }],
            "users": [{ "name": "admin", "user": { "token": token } }],
            "contexts": [{ "name": super::CONTEXT, "context": { "cluster": "api", "user": "admin" } }],
        });
        api.write("kubeconfig", &config.to_string())?;
        api.ready()?;
        api.begin(
            &CONTROLLER_MANAGER,
            &[
                &format!("--kubeconfig={}", api.file("kubeconfig")),
                "--controllers=namespace-controller,garbage-collector-controller",
                "--leader-elect=false",
                "--secure-port=0",
            ],
        )?;
        Ok(api)
    }

    /// Of an administrator.
    pub(super) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    fn ready(&self) -> Result<(), Error> {
        let kubectl = KUBECTL.file()?;
        let is_ready = || {
            let mut ask = run::command(&kubectl);
            ask.arg("--kubeconfig").arg(self.kubeconfig()).args(["get", "--raw", "/readyz"]);
            run::capture(&mut ask).is_ok()
        };
        if cluster::until(BOUND, is_ready) {
            return Ok(());
        }
        let log = run::read_file(&self.folder.path().join("kube-apiserver.log"))?;
        let last = log.lines().last().unwrap_or_default();
        Err(Error::Found(format!("the API is not ready after {} s: {last}", BOUND.as_secs())))
    }

    fn begin(&mut self, program: &Program, arguments: &[&str]) -> Result<(), Error> {
        let path = PathBuf::from(self.file(&format!("{}.log", program.name)));
        let log = File::create(&path).map_err(|source| Error::file("create", &path, source))?;
        let twin = log.try_clone().map_err(|source| Error::file("open", &path, source))?;
        let mut command = run::command(program.file()?);
        command.args(arguments).stdout(log).stderr(twin);
        let child =
            command.spawn().map_err(|source| Error::Start { program: program.name.to_owned(), source })?;
        self.running.push(child);
        Ok(())
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        run::write_file(&self.folder.path().join(name), text)
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        // The last first: what is above the store would only complain that it is gone.
        for child in self.running.iter_mut().rev() {
            // One that has ended already has nothing to be ended for.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A port of loopback that nobody has; another process may still be faster.
fn free_port() -> Result<u16, Error> {
    let bound = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = bound.map_err(|error| Error::Found(format!("no free port on loopback: {error}")))?;
    Ok(address.port())
}
