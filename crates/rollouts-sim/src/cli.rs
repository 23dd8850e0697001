//! The command line of `rollouts-sim`.

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::journal;
use crate::simulator::Simulator;

/// A Kubernetes API with the controllers of Argo Rollouts and Argo CD, in virtual time.
#[derive(Debug, Parser)]
#[command(name = "rollouts-sim", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the simulated cluster on a loopback address; its time follows real time.
    Serve {
        /// Where to listen. Only loopback addresses are allowed.
        #[arg(long, default_value = "127.0.0.1:8001")]
        addr: SocketAddr,
        /// Keep the cluster in this folder. Without it, it ends with the process.
        #[arg(long)]
        dir: Option<PathBuf>,
        /// Write a kubeconfig for this server.
        #[arg(long)]
        kubeconfig: Option<PathBuf>,
        /// Have Argo CD read the Git repositories in this folder. Without it, it reads none: whoever reaches the address
        /// can create an Application.
        #[arg(long)]
        repositories: Option<PathBuf>,
        /// How many times as fast as real time the cluster's time runs.
        #[arg(long, default_value_t = 1.0)]
        speed: f64,
    },
    /// Say what is in the cluster kept in a folder.
    Status {
        /// The folder.
        #[arg(long, default_value = ".task-master/sim")]
        dir: PathBuf,
    },
    /// Remove the cluster kept in a folder.
    Reset {
        /// The folder.
        #[arg(long, default_value = ".task-master/sim")]
        dir: PathBuf,
    },
}

/// Carries out a command line, writing to `out`.
///
/// # Errors
/// Whatever the command met; the caller prints its chain.
pub fn run(cli: Cli, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    match cli.command {
        Command::Serve { addr, dir, kubeconfig, repositories, speed } => {
            let simulator = match dir {
                Some(dir) => Simulator::open(&dir)?,
                None => Simulator::in_memory(1),
            };
            simulator.limit_repositories(repositories);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(serve(&simulator, addr, kubeconfig, speed, out))
        }
        Command::Status { dir } => status(&dir, out),
        Command::Reset { dir } => {
            let said = if journal::reset(&dir)? {
                "removed the simulated cluster in"
            } else {
                "no simulated cluster in"
            };
            writeln!(out, "{said} {}", dir.display())?;
            Ok(())
        }
    }
}

async fn serve(
    simulator: &Simulator,
    addr: SocketAddr,
    kubeconfig: Option<PathBuf>,
    speed: f64,
    out: &mut dyn Write,
) -> Result<(), Box<dyn Error>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let server = simulator.serve(addr, speed).await?;
    if let Some(path) = &kubeconfig {
        server.write_kubeconfig(path)?;
    }
    writeln!(out, "serving a simulated cluster on http://{}", server.address())?;
    out.flush()?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    server.run(stop).await?;
    writeln!(out, "stopped")?;
    Ok(())
}

fn status(dir: &std::path::Path, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    if !dir.join("world.json").exists() {
        writeln!(out, "no simulated cluster in {}", dir.display())?;
        return Ok(());
    }
    let simulator = Simulator::open(dir)?;
    let summary = simulator.summary();
    writeln!(out, "virtual time      {}", summary.now)?;
    match summary.next {
        Some(next) => writeln!(out, "next change       {next}")?,
        None => writeln!(out, "next change       none by itself")?,
    }
    writeln!(out, "journal           {} entries since the last snapshot", summary.journaled)?;
    for (kind, count) in summary.objects {
        writeln!(out, "{kind:<17} {count}")?;
    }
    Ok(())
}
