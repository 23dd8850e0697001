//! `cargo xtask cluster`: real Kubernetes with the whole delivery stack on one command.
//!
//! Provider `host` runs every component as a process of this machine: a table of units and steps
//! ([`table`]), one supervisor for each unit ([`supervise`]), and a look at the machine before and after
//! ([`world`]). Provider `kind` hands over to terraform where there is a Docker engine.

mod accounts;
mod alerts;
mod apply;
mod certificates;
mod clock;
mod down;
mod environment;
mod faults;
mod forge;
mod git;
mod git_http;
mod health;
mod image;
mod iptables;
mod kind;
mod listeners;
mod login;
pub(crate) mod needs;
mod network;
mod pace;
mod pause;
mod places;
mod process;
mod programs;
mod prove;
mod questions;
mod repositories;
mod requirements;
mod rights;
mod secrets;
mod status;
mod supervise;
mod table;
mod targets;
mod unit;
mod up;
mod webhook;
mod world;

pub(crate) use accounts::Account;
pub(crate) use apply::{api, objects, put};
pub(crate) use faults::HostFaults;
pub(crate) use pace::until;
pub(crate) use places::API;
pub(crate) use programs::{API_SERVER, ARGO_CD, CONTROLLER_MANAGER, ETCD, ROLLOUTS, TRAEFIK};
pub(crate) use repositories::HostForge;
pub(crate) use secrets::random;

/// What Prometheus of the host cluster reads, as JSON.
#[cfg(test)]
pub(crate) fn prometheus_config() -> String {
    table::prometheus(&places::Places::new(Some(std::path::Path::new("/state"))))
}

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use places::Places;
use unit::Part;

use crate::gomodule;
use crate::run::{self, Error};

/// What to do with the cluster.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    verb: Verb,
    /// Where the cluster runs.
    #[arg(long, value_enum, default_value_t = Provider::Host, global = true)]
    provider: Provider,
    /// Folder of the host cluster's state.
    ///
    /// Default: `blue-green-canary/host` in $XDG_STATE_HOME or /var/lib.
    #[arg(long, value_name = "DIR", global = true)]
    state: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Provider {
    /// As processes of this machine: no Docker, root.
    Host,
    /// In containers of a Docker engine.
    Kind,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Brings up the cluster and prints the path of its kubeconfig; what is up already stays as it is.
    Up {
        /// Only this part and the cluster itself; can be given more than once.
        #[arg(long = "part", value_enum, value_name = "NAME")]
        parts: Vec<Part>,
    },
    /// Asks parts of the host cluster whether they do their work; exit code 0 says that they do.
    Check {
        /// This part; can be given more than once.
        #[arg(long = "part", value_enum, value_name = "NAME", required = true)]
        parts: Vec<Part>,
    },
    /// Ends everything, keeps the logs, and checks that nothing is left on the machine.
    Down,
    /// Health, version, process, restarts and log of every component.
    Status {
        /// The form of the answer.
        #[arg(short, long, value_enum, default_value_t = Form::Table)]
        output: Form,
    },
    /// Puts images of the demo-app where the cluster finds them: a tag is built first, a path is taken as it is.
    Image {
        /// Tags, or archives that `cargo xtask image` wrote.
        #[arg(required = true, value_name = "TAG|ARCHIVE")]
        images: Vec<String>,
    },
    /// Ends one component of the host cluster, as a failure does; `up` starts it again.
    Stop {
        /// The component's name, as `status` prints it.
        component: String,
    },
    /// Tries on this machine what the host cluster promises: up twice is harmless, what crashes comes again, down
    /// leaves nothing. Leaves the cluster down.
    Prove,
    /// Folders of this checkout in the cluster's Git repository, where Argo CD reads them.
    Git {
        #[command(subcommand)]
        verb: GitVerb,
    },
    /// Compiles what is missing in the cache, and starts nothing.
    Build {
        /// Only what this part and the cluster itself are made of; can be given more than once.
        #[arg(long = "part", value_enum, value_name = "NAME")]
        parts: Vec<Part>,
    },
    /// Runs one component and starts it again when it ends.
    #[command(hide = true)]
    Supervise {
        /// The component's name.
        component: String,
    },
    /// Serves the pods that are to be scraped.
    #[command(hide = true)]
    Targets {
        /// The address.
        #[arg(long)]
        listen: SocketAddr,
        /// Who asks the API server.
        #[arg(long)]
        kubeconfig: PathBuf,
    },
    /// Serves Git repositories over HTTP.
    #[command(hide = true)]
    GitHttp {
        /// The address.
        #[arg(long)]
        listen: SocketAddr,
        /// The folder of the bare repositories.
        #[arg(long)]
        root: PathBuf,
    },
}

#[derive(clap::Subcommand)]
enum GitVerb {
    /// Makes the branch hold these folders as they lie here, by one commit on its tip where they differ.
    Push(git::Options),
    /// Says by its exit code whether the branch has ever held them as they lie here.
    Check(git::Options),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// For a person.
    Table,
    /// For a program.
    Json,
}

/// Routes to the verb.
///
/// # Errors
/// What the verb says.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    match options.provider {
        Provider::Host => on_host(&options.verb, &Places::new(options.state.as_deref())),
        Provider::Kind => in_kind(&options.verb),
    }
}

/// Has a cluster up and healthy, with these tags of the demo-app where its nodes find them. Returns how many
/// seconds the host cluster took, where it was down.
///
/// # Errors
/// What `up` and `image` say.
pub(crate) fn ready(provider: Provider, tags: &[&str]) -> Result<Option<f64>, Error> {
    let tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
    match provider {
        Provider::Host => {
            let places = Places::new(None);
            let was_down = status::running(&places).is_empty();
            let took = up::up(&places, &[])?;
            image::push(&places, &image::archives(&tags)?)?;
            Ok(was_down.then_some(took.as_secs_f64()))
        }
        Provider::Kind => {
            kind::run(kind::Ask::Up)?;
            kind::load(&image::archives(&tags)?)?;
            Ok(None)
        }
    }
}

/// The kubeconfig of the host cluster, in which its context is called `host`.
pub(crate) fn host_kubeconfig() -> PathBuf {
    Places::new(None).kubeconfig()
}

/// One of the clients that the host cluster brings along, each in the cluster's version, on that cluster.
pub(crate) fn host_client(name: &str, words: &[&str]) -> Command {
    let mut command = run::command(environment::clients(&Places::new(None)).join(name));
    command.args(words).env("KUBECONFIG", host_kubeconfig());
    command
}

/// The certificate of the host cluster's authority, and certificate and key of a person at this machine.
pub(crate) fn host_credentials() -> [PathBuf; 3] {
    ["ca.crt", "admin.crt", "admin.key"].map(|file| Places::new(None).pki(file))
}

/// Where the host cluster's API server writes down what people ask of it.
pub(crate) fn audit_log() -> PathBuf {
    Places::new(None).audit()
}

/// The text that a URL of the host cluster answers with, asked for under a host's name.
///
/// # Errors
/// Why there is none.
pub(crate) async fn text(url: &str, host: Option<&str>) -> Result<String, Error> {
    let answer = health::Doctor::new(&Places::new(None)).get_as(url, host).await;
    answer.map_err(|why| Error::Found(format!("GET {url}: {why}")))
}

/// A new repository on the host cluster's Git server with this whole checkout; its address.
///
/// # Errors
/// What Git says.
pub(crate) fn fresh_repository(name: &str) -> Result<String, Error> {
    git::fresh(&Places::new(None), name)
}

/// Where the host cluster's Prometheus answers.
pub(crate) fn prometheus() -> String {
    format!("http://{}", places::PROMETHEUS)
}

/// Has the host cluster's alerts fire so long after their cause; without a time as the shipped rules say.
///
/// # Errors
/// A Prometheus that does not run.
pub(crate) fn alerts_after(time: Option<&str>) -> Result<(), Error> {
    alerts::after(&Places::new(None), time)
}

/// Stops a component of the host cluster, or starts it again as it was.
///
/// # Errors
/// A component that was never brought up.
pub(crate) fn set_running(component: &str, runs: bool) -> Result<(), Error> {
    supervise::set(&Places::new(None), component, runs)
}

/// Tells the host cluster's Argo CD of a commit on the main branch of one of its repositories, as a forge does.
///
/// # Errors
/// What Argo CD answers.
pub(crate) async fn pushed(repository: &str, commit: &str) -> Result<(), Error> {
    webhook::pushed(&Places::new(None), &git::url(repository), commit).await
}

/// Compiles what the host cluster's forge needs, where it is not yet.
///
/// # Errors
/// As of every program that is compiled.
pub(crate) fn build_forge() -> Result<(), Error> {
    up::build(&Places::new(None), &[Part::Forge])
}

/// Brings up the host cluster's forge, which a whole cluster is without, and makes a new account on it in place of one of
/// that name.
///
/// # Errors
/// What `up` and the forge say.
pub(crate) fn forge_account(name: &'static str) -> Result<Account, Error> {
    let places = Places::new(None);
    up::up(&places, &[Part::Forge])?;
    Account::fresh(&places, name)
}

/// Where the host cluster's forge answers.
pub(crate) fn forge() -> String {
    format!("http://{}", places::FORGE)
}

/// Where the host cluster's Argo CD takes webhooks, and the secret that they are to be signed with.
///
/// # Errors
/// A cluster without secrets.
pub(crate) fn webhook() -> Result<(String, String), Error> {
    Ok((webhook::address(), secrets::Secrets::ensure(&Places::new(None))?.webhook))
}

/// Has the host cluster's Argo CD refuse a webhook of a forge's that is signed with another secret.
///
/// # Errors
/// When it takes it.
pub(crate) async fn refuses_forged_webhook() -> Result<(), Error> {
    webhook::refused(&Places::new(None)).await
}

/// What a component of the host cluster has written so far.
///
/// # Errors
/// A log that cannot be read.
pub(crate) fn log(component: &str) -> Result<String, Error> {
    run::read_file(&Places::new(None).log(component))
}

/// The folder of a repository of the host cluster.
pub(crate) fn repository(name: &str) -> PathBuf {
    git::folder(&Places::new(None), name)
}

/// The versions of the host cluster's components that are compiled here, by name.
pub(crate) fn versions() -> std::collections::BTreeMap<String, String> {
    let all = programs::ALL.iter().chain(programs::OF_FORGE);
    all.map(|program| (program.name.to_owned(), program.version.to_owned())).collect()
}

fn on_host(verb: &Verb, places: &Places) -> Result<(), Error> {
    match verb {
        Verb::Up { parts } => up::up(places, parts).map(|_| ()),
        Verb::Check { parts } => questions::check(places, parts),
        Verb::Down => down::down(places),
        Verb::Status { output } => status::status(places, *output == Form::Json),
        Verb::Image { images } => image::push(places, &image::archives(images)?),
        Verb::Stop { component } => supervise::set(places, component, false),
        Verb::Prove => prove::prove(places),
        Verb::Git { verb: GitVerb::Push(options) } => git::push(places, options),
        Verb::Git { verb: GitVerb::Check(options) } => git::check(options),
        Verb::Build { parts } if parts.is_empty() => {
            programs::ALL.iter().try_for_each(|program| gomodule::ensure(program).map(drop))
        }
        Verb::Build { parts } => up::build(places, parts),
        Verb::Supervise { component } => supervise::supervise(places, component),
        Verb::Targets { listen, kubeconfig } => targets::serve(*listen, kubeconfig),
        Verb::GitHttp { listen, root } => git_http::serve(*listen, root),
    }
}

fn in_kind(verb: &Verb) -> Result<(), Error> {
    match verb {
        Verb::Up { parts } if parts.is_empty() => kind::run(kind::Ask::Up),
        Verb::Down => kind::run(kind::Ask::Down),
        Verb::Status { .. } => kind::run(kind::Ask::Status),
        Verb::Image { images } => kind::load(&image::archives(images)?),
        _ => Err(Error::Found("provider kind knows up without parts, down, status and image".to_owned())),
    }
}
