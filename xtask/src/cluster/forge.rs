//! The forge's own folder and its settings.
//!
//! Gitea refuses to run as root and should not. Its user has no name on this machine and nothing but one folder: a copy
//! of the program, which it cannot change, and a home, which is its own and nobody else's.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::certificates::secret;
use super::places::{FORGE, Places};
use super::programs;
use crate::gomodule::{self, Program};
use crate::run::{self, Error};

/// The number of its user and of its group; no account of the machine has it.
pub(crate) const USER: u32 = 64_081;
/// What its user is called by itself: a system without the name asks the environment.
const NAME: &str = "forge";

/// Where the program is, which its user reads and root alone writes.
pub(crate) fn program(places: &Places, program: &Program) -> PathBuf {
    copied(places).join(program.name)
}

/// The settings, to which it adds secrets that it makes up at its first start.
pub(crate) fn settings(places: &Places) -> PathBuf {
    home(places).join("app.ini")
}

/// What it finds in its environment, and nothing of its caller's.
pub(crate) fn environment(places: &Places) -> Vec<(&'static str, String)> {
    let home = home(places);
    vec![
        ("USER", NAME.to_owned()),
        ("HOME", home.display().to_string()),
        ("TMPDIR", home.join("tmp").display().to_string()),
        // Argo CD, which its webhooks go to, has a certificate of the cluster's own authority.
        ("SSL_CERT_FILE", home.join("ca.crt").display().to_string()),
    ]
}

/// Makes folder, copy and settings, once.
///
/// # Errors
/// What cannot be copied, written or given to the user.
pub(crate) fn ensure(places: &Places) -> Result<(), Error> {
    let (program, home) = (program(places, &programs::GITEA), home(places));
    if settings(places).is_file() && program.is_file() {
        return Ok(());
    }
    for part in programs::GITEA.kept {
        gomodule::copy(&programs::GITEA.kept_file(part)?, &copied(places).join(part))?;
    }
    let compiled = gomodule::ensure(&programs::GITEA)?;
    std::fs::copy(&compiled, &program).map_err(|source| Error::file("write", &program, source))?;
    run::create_folder(&home.join("tmp"))?;
    secret(&home.join("ca.crt"), &run::read_file(&places.pki("ca.crt"))?)?;
    secret(&settings(places), &text(&home, &copied(places)))?;
    std::fs::set_permissions(&home, PermissionsExt::from_mode(0o700))
        .map_err(|source| Error::file("guard", &home, source))?;
    for path in [home.join("tmp"), home.join("ca.crt"), settings(places), home] {
        chown(&path, Some(USER), Some(USER)).map_err(|source| Error::file("give away", &path, source))?;
    }
    Ok(())
}

fn copied(places: &Places) -> PathBuf {
    places.data(NAME).join("program")
}

fn home(places: &Places) -> PathBuf {
    places.data(NAME).join("home")
}

/// Nobody makes an account by himself, nothing is asked of the outside, and webhooks go to this machine alone.
fn text(home: &Path, copied: &Path) -> String {
    let (host, port) = FORGE.split_once(':').unwrap_or((FORGE, "3081"));
    let [home, copied] = [home, copied].map(|path| path.display().to_string());
    format!(
        "APP_NAME = forge\nRUN_USER = {NAME}\nRUN_MODE = prod\nWORK_PATH = {home}\n\
         [server]\nHTTP_ADDR = {host}\nHTTP_PORT = {port}\nROOT_URL = http://{FORGE}/\nDISABLE_SSH = true\n\
         OFFLINE_MODE = true\nSTATIC_ROOT_PATH = {copied}\n\
         [database]\nDB_TYPE = sqlite3\nPATH = {home}/forge.db\n\
         [repository]\nROOT = {home}/repositories\nDEFAULT_BRANCH = main\n\
         [security]\nINSTALL_LOCK = true\n\
         [service]\nDISABLE_REGISTRATION = true\n\
         [webhook]\nALLOWED_HOST_LIST = loopback\n\
         [log]\nMODE = console\nLEVEL = warn\n\
         [indexer]\nISSUE_INDEXER_TYPE = db\n\
         [mailer]\nENABLED = false\n[actions]\nENABLED = false\n[packages]\nENABLED = false\n[oauth2]\nENABLED = false\n\
         [cron.update_checker]\nENABLED = false\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_on_loopback_and_its_webhooks_go_nowhere_else() {
        let text = text(Path::new("/state/home"), Path::new("/state/program"));
        for line in [
            "HTTP_ADDR = 127.0.0.1",
            "HTTP_PORT = 3081",
            "DISABLE_SSH = true",
            "INSTALL_LOCK = true",
            "ALLOWED_HOST_LIST = loopback",
            "STATIC_ROOT_PATH = /state/program",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}: {text}");
        }
    }
}
