//! The secrets of one cluster: made at its first start, kept in a file that only its owner reads.

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::certificates::secret;
use super::places::Places;
use crate::run::{self, Error};

/// What must not be guessed; none of it is ever an argument of a process or part of a message.
#[derive(Serialize, Deserialize)]
pub(crate) struct Secrets {
    /// The password of Argo CD's cache.
    pub(crate) redis: String,
    /// What a webhook must be signed with.
    pub(crate) webhook: String,
}

impl Secrets {
    /// Reads them, or makes them when there are none.
    ///
    /// # Errors
    /// A file that cannot be read or written, or holds something else.
    pub(crate) fn ensure(places: &Places) -> Result<Secrets, Error> {
        let file = places.config("secrets.json");
        if file.is_file() {
            return serde_json::from_str(&run::read_file(&file)?).map_err(|_| {
                Error::Found(format!("{} does not hold this cluster's secrets", file.display()))
            });
        }
        let secrets = Secrets { redis: random()?, webhook: random()? };
        let text = serde_json::to_string(&secrets)
            .map_err(|_| Error::Found("cannot write down the cluster's secrets".to_owned()))?;
        secret(&file, &text)?;
        Ok(secrets)
    }
}

/// 192 bits from the kernel, as hexadecimal digits.
///
/// # Errors
/// When the kernel gives none.
pub(crate) fn random() -> Result<String, Error> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0_u8; 24];
    std::fs::File::open(source)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| Error::file("read", source, error))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
