//! Accounts on the forge: made and removed by its own command line, used by its API.

use http::Method;
use serde_json::Value;

use super::health::{Doctor, chain};
use super::places::{FORGE, Places};
use super::{forge, programs, rights};
use crate::run::{self, Error};

/// An account on the forge, for as long as somebody needs it.
pub(crate) struct Account {
    places: Places,
    doctor: Doctor,
    name: &'static str,
}

impl Account {
    /// A new one in place of one of that name, with all that it had.
    ///
    /// # Errors
    /// What the forge says.
    pub(crate) fn fresh(places: &Places, name: &'static str) -> Result<Account, Error> {
        let account = Account { places: places.clone(), doctor: Doctor::new(places), name };
        account.delete()?;
        let mail = format!("{name}@localhost");
        // It prints the password, which nobody needs.
        account.command(&["create", "--username", name, "--email", &mail, "--random-password"])?;
        Ok(account)
    }

    /// A token of it that may do so much.
    ///
    /// # Errors
    /// What the forge says.
    pub(crate) fn token(&self, name: &str, scopes: &str) -> Result<String, Error> {
        let words = ["--username", self.name, "--token-name", name, "--scopes", scopes, "--raw"];
        let said = self.command(&[&["generate-access-token"], &words[..]].concat())?;
        let token = said.lines().last().unwrap_or_default().trim();
        if token.is_empty() || !token.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(Error::Found(format!("the forge gave {} no token {name}", self.name)));
        }
        Ok(token.to_owned())
    }

    /// Removes it with its repositories; one that is not there is no error.
    ///
    /// # Errors
    /// What the forge says.
    pub(crate) fn delete(&self) -> Result<(), Error> {
        let listed = self.command(&["list"])?;
        if !listed.lines().any(|line| line.split_whitespace().nth(1) == Some(self.name)) {
            return Ok(());
        }
        self.command(&["delete", "--username", self.name, "--purge"]).map(drop)
    }

    /// One call of the API by a token; nothing is null.
    ///
    /// # Errors
    /// What was called and how it was answered.
    pub(crate) async fn call(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, Error> {
        let failed = |why: String| Error::Found(format!("{method} {path} of the forge: {why}"));
        let (client, whole) = self.doctor.client(&format!("http://{FORGE}/api/v1{path}")).map_err(failed)?;
        let sent = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = http::Request::builder()
            .method(method.clone())
            .uri(whole)
            .header("authorization", format!("token {token}"))
            .header("content-type", "application/json")
            .body(sent.into())
            .map_err(|error| failed(error.to_string()))?;
        let answer = client.send(request).await.map_err(|error| failed(chain(&error)))?;
        let status = answer.status();
        let bytes = answer.into_body().collect_bytes().await.map_err(|error| failed(chain(&error)))?;
        if !status.is_success() {
            return Err(failed(format!("{status} {}", String::from_utf8_lossy(&bytes).trim())));
        }
        if bytes.is_empty() { Ok(Value::Null) } else { run::json(path, &bytes) }
    }

    /// The forge's command line for accounts, with its server's rights.
    fn command(&self, words: &[&str]) -> Result<String, Error> {
        let program = forge::program(&self.places, &programs::GITEA);
        if !program.is_file() {
            return Err(Error::Found(
                "there is no forge; next: cargo xtask cluster up --part forge".to_owned(),
            ));
        }
        let mut command = run::command("setpriv");
        command.args(rights::without_root(forge::USER)).arg("--").arg(program);
        command.args(["admin", "user"]).args(words).arg("--config").arg(forge::settings(&self.places));
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").current_dir(self.places.state());
        run::capture(command.envs(forge::environment(&self.places)))
    }
}
