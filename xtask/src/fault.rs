//! `cargo xtask fault NAME`: the shipped application on a new simulated cluster, and then what goes wrong with it.
//!
//! The troubleshooting guide begins each of its entries with one of these, so that its commands are run where the
//! trouble really is; `cargo xtask e2e --target host --scenario explain` runs all of them on the real cluster. A fault is
//! what somebody might have done: another image, another spec, an edit of a Service, a component that is down. Nothing
//! of the status is written.

use std::path::PathBuf;
use std::time::Duration;

use rollouts_sim::Simulator;
use scenario::World;
use scenario::faults::Component;

use crate::run::{self, Error};

mod beside;
mod hands;
mod rows;
mod table;

pub(crate) use hands::Hands;

/// Which fault, and where.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// What is to go wrong; without it, the list.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Start the components again that are down, in the cluster as it is
    #[arg(long, conflicts_with = "name")]
    mend: bool,
    /// The state folder whose simulated cluster is made anew. Give one of its own: what was there is gone.
    #[arg(long, env = "TASK_MASTER_STATE", value_name = "DIR")]
    state: Option<PathBuf>,
}

/// A thing that goes wrong.
pub(crate) struct Fault {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// The causes that `explain` names then, and no other.
    pub(crate) causes: &'static [&'static str],
    /// What it happens to.
    pub(crate) app: App,
    steps: &'static [Step],
    /// Whether the simulator can bring it about, and not only a real cluster.
    simulated: bool,
}

impl Fault {
    /// Whether it takes away a component that others on the same cluster need.
    pub(crate) fn stops(&self) -> bool {
        self.steps.iter().any(|step| step.stops().is_some())
    }
}

/// A shipped application; Rollout and namespace have its name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum App {
    BlueGreen,
    Canary,
}

impl App {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            App::BlueGreen => "blue-green",
            App::Canary => "canary",
        }
    }
}

/// One act of whoever brings the fault about.
enum Step {
    /// Another tag, with these variables of the container.
    Update(&'static str, &'static [(&'static str, &'static str)]),
    /// A field of the container, as JSON.
    Container(&'static str, &'static str),
    /// A merge patch, as JSON, of an object of the namespace: its path after that.
    Merge(&'static str, &'static str),
    /// An object that is created, as JSON; its path without the name.
    Create(&'static str, &'static str),
    /// An object that is deleted; its path.
    Delete(&'static str),
    /// A component of the cluster is down.
    Stop(Component),
    /// These causes are waited for, all of them and no other.
    Until(&'static [&'static str]),
    /// A person gives the update up.
    Abort,
}

impl Step {
    /// The component that it takes away.
    fn stops(&self) -> Option<Component> {
        if let Step::Stop(component) = self { Some(*component) } else { None }
    }
}

/// Every fault that is known: those of the troubleshooting guide, and then the others.
pub(crate) fn all() -> impl Iterator<Item = &'static Fault> {
    table::FAULTS.iter().chain(beside::FAULTS)
}

/// Those that the simulator can bring about.
fn simulated() -> impl Iterator<Item = &'static Fault> {
    all().filter(|fault| fault.simulated)
}

/// Brings the fault about and says what to ask.
///
/// # Errors
/// An unknown name, no state folder of its own, or what the simulator refuses.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    if options.mend {
        return mend(options);
    }
    let Some(name) = &options.name else {
        return simulated()
            .try_for_each(|fault| run::out(&format!("{:<18} {}", fault.name, fault.causes.join(", "))));
    };
    let known = || simulated().map(|fault| fault.name).collect::<Vec<_>>().join(", ");
    let fault = simulated().find(|fault| fault.name == *name);
    let fault = fault.ok_or_else(|| Error::Found(format!("no fault {name}; there are: {}", known())))?;
    let folder = folder(options)?;
    rollouts_sim::reset(&folder).map_err(said)?;
    run::create_folder(&folder)?;
    block(async { bring(fault, &world(&Simulator::open(&folder).map_err(said)?)).await })?;
    let app = fault.app.name();
    run::say(&format!("{name}: now ask task-master rollout -n {app} explain {app}"));
    Ok(())
}

/// Where the simulated cluster is kept.
fn folder(options: &Options) -> Result<PathBuf, Error> {
    let none = "the simulated cluster is made anew: name a state folder of its own by --state";
    options.state.as_ref().map(|state| state.join("sim")).ok_or_else(|| Error::Found(none.to_owned()))
}

/// The Rollouts controller is started again, and gets time to look at everything.
fn mend(options: &Options) -> Result<(), Error> {
    let folder = folder(options)?;
    block(async {
        let world = world(&Simulator::open(&folder).map_err(said)?);
        world.faults.component(Component::RolloutsController, true).await.map_err(said)?;
        world.pace.pass(Duration::from_secs(30)).await;
        Ok(())
    })
}

fn world(simulator: &Simulator) -> World {
    World::simulated(simulator.client(), simulator.requests(), simulator.pace())
}

fn block<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|source| Error::Start { program: "the simulator".to_owned(), source })?.block_on(work)
}

fn said(error: impl std::error::Error) -> Error {
    Error::Found(format!("{error}"))
}

/// Both shipped applications, healthy, then the fault.
async fn bring(fault: &Fault, world: &World) -> Result<(), Error> {
    for app in [App::BlueGreen, App::Canary] {
        Hands::new(world, app, app.name()).deploy().await?;
    }
    Hands::new(world, fault.app, fault.app.name()).bring(fault).await.map(drop)
}

/// Where the guide is.
#[cfg(test)]
fn guide() -> PathBuf {
    run::root().join("docs/troubleshooting-guide.md")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The twin of `cargo xtask e2e --target host --scenario explain`.
    #[test]
    fn each_fault_is_explained_by_its_causes_and_no_other() {
        let shown = |fault: &&'static Fault| {
            let shown = block(async {
                let world = world(&Simulator::in_memory(1));
                let hands = Hands::new(&world, fault.app, fault.app.name());
                hands.show(fault, async || hands.causes().await).await
            });
            Some(format!("{}: {}\n", fault.name, shown.err()?))
        };
        let faults: Vec<&Fault> = simulated().collect();
        // Each has a world of its own.
        let wrong: String = std::thread::scope(|scope| {
            let parts: Vec<_> = faults
                .chunks(faults.len().div_ceil(4))
                .map(|part| scope.spawn(move || part.iter().filter_map(shown).collect::<String>()))
                .collect();
            parts.into_iter().map(|part| part.join().unwrap()).collect()
        });
        assert!(wrong.is_empty(), "{wrong}");
    }

    #[test]
    fn each_fault_is_an_entry_of_the_guide_with_its_four_parts() {
        let text = run::read_file(&guide()).unwrap();
        let entries: Vec<&str> = text.split("\n### ").skip(1).collect();
        assert!(entries.len() >= 15, "{}", entries.len());
        let mut produced = Vec::new();
        for entry in &entries {
            let title = entry.lines().next().unwrap();
            for part in ["**Cause.**", "**Cure.**", "```sh"] {
                assert!(entry.contains(part), "{title}: no {part}");
            }
            let Some(rest) = entry.split("cargo xtask fault ").nth(1) else { continue };
            produced.push(rest.split_whitespace().next().unwrap());
        }
        let names: Vec<&str> = table::FAULTS.iter().map(|fault| fault.name).collect();
        assert_eq!(produced, names, "each fault has its entry, in this order");
        for cause in table::FAULTS.iter().flat_map(|fault| fault.causes) {
            assert!(text.contains(&format!("`{cause}`")), "{cause}");
        }
    }
}
