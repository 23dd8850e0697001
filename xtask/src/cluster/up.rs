//! `cluster up`: everything that the table holds, each as soon as what it needs is there.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use tokio::sync::watch;

use super::health::Doctor;
use super::places::{NAMESPACE, NODE, Places};
use super::secrets::Secrets;
use super::unit::{Action, Node, Part, Source, Spec, Step, Unit};
use super::world::World;
use super::{
    apply, certificates, clock, environment, forge, listeners, login, network, pace, pause, programs,
    questions, requirements, supervise, table,
};
use crate::gomodule::{self, Program};
use crate::run::{self, Error};

/// The longest that one node may take from the moment its needs are met.
const BOUND: Duration = Duration::from_secs(90);

/// Brings up some parts, or all of them; what is up already stays as it is. Parts that are named are then asked
/// whether they do their work.
///
/// # Errors
/// What is missing on the machine, or the first node that does not become healthy, with the end of its log.
pub(crate) fn up(places: &Places, parts: &[Part]) -> Result<Duration, Error> {
    let nodes = table::of_parts(places, parts);
    requirements::check(!compiled(&nodes)?)?;
    let programs = programs_of(&nodes, parts);
    for program in &programs {
        gomodule::ensure(program)?;
    }
    let start = Instant::now();
    let _lock = lock(places)?;
    let taken = listeners::taken(&super::status::running(places));
    if !taken.is_empty() {
        let taken: Vec<String> = taken.iter().map(ToString::to_string).collect();
        return Err(Error::Found(format!(
            "another process listens where the cluster must: {}; `ss --listening --tcp --processes` names it",
            taken.join(", ")
        )));
    }
    let context = prepare(places, &programs)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Start { program: "the network runtime".to_owned(), source })?;
    runtime.block_on(async {
        context.bring_up(&nodes, start).await?;
        for part in parts {
            let answer = questions::wait(places, &context.doctor, *part).await?;
            run::say(&format!("{:>6.1} s  {}: {answer}", start.elapsed().as_secs_f64(), part.name()));
        }
        super::rights::check(&login::admin(places).await?).await
    })?;
    environment::write(places, &context.secrets)?;
    let beyond = super::status::beyond(places);
    if !beyond.is_empty() {
        return Err(Error::Found(format!("the cluster listens where it must not: {}", beyond.join(", "))));
    }
    let took = start.elapsed();
    run::say(&format!("up and healthy after {:.1} s", took.as_secs_f64()));
    run::say(&format!(
        "environment (kubeconfig, addresses, Argo CD's token): . {}",
        places.environment().display()
    ));
    run::out(&places.kubeconfig().display().to_string())?;
    Ok(took)
}

/// Compiles what some parts are made of, and starts nothing.
///
/// # Errors
/// As of every program that is compiled.
pub(crate) fn build(places: &Places, parts: &[Part]) -> Result<(), Error> {
    let programs = programs_of(&table::of_parts(places, parts), parts);
    programs.into_iter().try_for_each(|program| gomodule::ensure(program).map(drop))
}

/// What is compiled for these nodes, and the clients that belong to their parts.
fn programs_of(nodes: &[Node], parts: &[Part]) -> Vec<&'static Program> {
    let mut programs = vec![&programs::PAUSE, &programs::KUBECTL];
    let wanted = |part: Part| parts.is_empty() || parts.contains(&part);
    if wanted(Part::ArgoRollouts) {
        programs.push(&programs::KUBECTL_ARGO_ROLLOUTS);
    }
    if wanted(Part::ArgoCd) {
        programs.push(&programs::HELM);
    }
    if parts.contains(&Part::Forge) {
        programs.extend(programs::OF_FORGE);
    }
    for node in nodes {
        if let Action::Run(Unit { source: Source::Go(program) | Source::Unprivileged(program), .. }) =
            &node.action
            && !programs.iter().any(|known| known.name == program.name)
        {
            programs.push(program);
        }
    }
    programs
}

fn compiled(nodes: &[Node]) -> Result<bool, Error> {
    for program in programs_of(nodes, &[]) {
        if !program.file()?.is_file() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// One `up` or `down` at a time.
///
/// # Errors
/// When another one is at work.
pub(crate) fn lock(places: &Places) -> Result<File, Error> {
    run::create_folder(places.state())?;
    let path = places.state().join("lock");
    let file = File::create(&path).map_err(|source| Error::file("create", &path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => {
            Err(Error::Found("another `cluster up` or `cluster down` is at work on this cluster".to_owned()))
        }
    }
}

/// The file in which the machine's state before the first `up` is kept.
pub(crate) fn before_file(places: &Places) -> PathBuf {
    places.state().join("before.json")
}

/// Links, certificates, secrets, configuration and clients; all of it is made once and kept.
fn prepare(places: &Places, programs: &[&'static Program]) -> Result<Context, Error> {
    guard(places)?;
    for folder in [
        places.run().to_path_buf(),
        places.logs(),
        places.config(""),
        places.data("tmp"),
        places.data("home"),
        places.units(),
    ] {
        run::create_folder(&folder)?;
    }
    if !before_file(places).is_file() {
        let before = serde_json::to_string_pretty(&World::look(places)?)
            .map_err(|error| Error::Found(format!("cannot write down the machine's state: {error}")))?;
        run::write_file(&before_file(places), &before)?;
    }
    network::up()?;
    certificates::ensure(places, clock::now())?;
    let secrets = Secrets::ensure(places)?;
    table::write_configs(places, &secrets.redis)?;
    link_clients(places, programs)?;
    Ok(Context { places: places.clone(), secrets, doctor: Doctor::new(places) })
}

/// The folder of the state is root's. The forge's group, in which nobody else is, gets through it to the forge's own.
fn guard(places: &Places) -> Result<(), Error> {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o710);
    std::os::unix::fs::chown(places.state(), None, Some(forge::USER))
        .and_then(|()| std::fs::set_permissions(places.state(), mode))
        .map_err(|source| Error::file("guard", places.state(), source))
}

/// The clients in one folder, and the scripts that Argo CD calls by name.
fn link_clients(places: &Places, programs: &[&'static Program]) -> Result<(), Error> {
    let folder = environment::clients(places);
    run::create_folder(&folder)?;
    for program in programs {
        link(&gomodule::ensure(program)?, &folder.join(program.name))?;
        for script in program.kept.iter().filter(|path| path.ends_with(".sh")) {
            let name = Path::new(script).file_name().unwrap_or_default();
            let file = program.kept_file(script)?;
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(&file, mode).map_err(|source| Error::file("guard", &file, source))?;
            link(&file, &folder.join(name))?;
        }
    }
    Ok(())
}

fn link(file: &Path, place: &Path) -> Result<(), Error> {
    let _ = std::fs::remove_file(place);
    std::os::unix::fs::symlink(file, place).map_err(|source| Error::file("link", place, source))
}

struct Context {
    places: Places,
    secrets: Secrets,
    doctor: Doctor,
}

impl Context {
    /// Every node waits for its needs and then does its own; the first error ends all of it.
    async fn bring_up(&self, nodes: &[Node], start: Instant) -> Result<(), Error> {
        let senders: BTreeMap<&str, watch::Sender<bool>> =
            nodes.iter().map(|node| (node.name, watch::channel(false).0)).collect();
        let run = nodes.iter().map(|node| {
            let needs: Vec<watch::Receiver<bool>> = node
                .needs
                .iter()
                .filter_map(|need| senders.get(need))
                .map(watch::Sender::subscribe)
                .collect();
            let done = senders.get(node.name);
            async move {
                for mut need in needs {
                    // The sender lives as long as this function.
                    let _ = need.wait_for(|done| *done).await;
                }
                self.perform(node).await?;
                run::say(&format!("{:>6.1} s  {}", start.elapsed().as_secs_f64(), node.name));
                done.map(|done| done.send_replace(true));
                Ok::<(), Error>(())
            }
        });
        try_join_all(run).await.map(|_| ())
    }

    async fn perform(&self, node: &Node) -> Result<(), Error> {
        match &node.action {
            Action::Run(unit) => {
                let spec = self.spec(node, unit)?;
                supervise::start(&self.places, node.name, &spec)?;
                self.wait_healthy(node.name, unit).await
            }
            Action::Do(Step::PauseImage) => pause::ensure(&self.places),
            Action::Do(Step::Apply(manifests)) => {
                let client = login::admin(&self.places).await?;
                apply::apply(&client, &self.places, &self.secrets, manifests).await
            }
            Action::Do(Step::NodeReady) => self.wait_node().await,
            Action::Do(Step::ArgoCdLogin) => self.log_in().await,
            Action::Do(Step::ForgeHome) => forge::ensure(&self.places),
        }
    }

    async fn log_in(&self) -> Result<(), Error> {
        let client = login::admin(&self.places).await?;
        login::ensure(&self.places, &self.doctor, &client).await
    }

    /// The unit as its supervisor needs it, with the few variables that every process wants.
    fn spec(&self, node: &Node, unit: &Unit) -> Result<Spec, Error> {
        let program = match unit.source {
            Source::Go(program) => gomodule::ensure(program)?,
            Source::Unprivileged(program) => forge::program(&self.places, program),
            Source::Debian(name) => {
                run::which(name).ok_or_else(|| Error::Found(format!("{name} is not on PATH")))?
            }
            Source::Own => std::env::current_exe()
                .map_err(|source| Error::file("find", Path::new("/proc/self/exe"), source))?,
        };
        let text = |path: &Path| path.display().to_string();
        let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", text(&environment::clients(&self.places)));
        let mut environment = vec![
            ("PATH".to_owned(), path),
            ("HOME".to_owned(), text(&self.places.data("home"))),
            ("TMPDIR".to_owned(), text(&self.places.data("tmp"))),
        ];
        if node.part == Part::ArgoCd && matches!(unit.source, Source::Go(_)) {
            environment.push(("REDIS_PASSWORD".to_owned(), self.secrets.redis.clone()));
        }
        environment.extend(unit.environment.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        let mut command = vec![text(&program)];
        command.extend(unit.arguments.iter().cloned());
        let namespace = unit.behind_link.then(|| NAMESPACE.to_owned());
        let user = matches!(unit.source, Source::Unprivileged(_)).then_some(forge::USER);
        Ok(Spec { command, environment, namespace, user })
    }

    async fn wait_healthy(&self, name: &str, unit: &Unit) -> Result<(), Error> {
        let deadline = Instant::now() + BOUND;
        loop {
            // An answer counts only while the unit itself runs: another process could give it.
            let reason = match self.doctor.ask(&unit.health).await {
                Ok(()) if supervise::runs(&self.places, name) => return Ok(()),
                Ok(()) => "it does not run".to_owned(),
                Err(reason) => reason,
            };
            if Instant::now() > deadline {
                let path = self.places.log(name);
                let log = std::fs::read_to_string(&path).unwrap_or_default();
                let lines: Vec<&str> = log.lines().collect();
                let end = lines.get(lines.len().saturating_sub(8)..).unwrap_or_default().join("\n");
                let bound = BOUND.as_secs();
                return Err(Error::Found(format!(
                    "{name} is not healthy after {bound} s: {reason}; the end of {}:\n{end}",
                    path.display()
                )));
            }
            tokio::time::sleep(pace::LOOK).await;
        }
    }

    /// Ready, and free of the taint that a new node has: only then do pods go there.
    async fn wait_node(&self) -> Result<(), Error> {
        let nodes: kube::Api<k8s_openapi::api::core::v1::Node> =
            kube::Api::all(login::admin(&self.places).await?);
        let deadline = Instant::now() + BOUND;
        loop {
            let node = nodes.get_opt(NODE).await.ok().flatten();
            let ready =
                node.as_ref().and_then(|node| node.status.as_ref()?.conditions.as_ref()).is_some_and(|all| {
                    all.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
                });
            let taints = node.and_then(|node| node.spec?.taints).unwrap_or_default();
            if ready && taints.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(Error::Found(format!("the node is not ready after {} s", BOUND.as_secs())));
            }
            tokio::time::sleep(pace::LOOK).await;
        }
    }
}
