//! Where an operator stands: the kubeconfig's current context, and the namespace that goes without saying.

use std::ffi::OsString;

use rollouts_client::connect;

use super::OperatorError;
use crate::context::Context;
use crate::executor::Class;
use crate::fault::Fault;
use crate::target::{Target, user_kubeconfig};

/// The namespace of the shipped blue-green Rollout.
const SHIPPED: &str = "blue-green";

/// The target of the kubeconfig's current context. `environment` names the kubeconfig as it does for kubectl.
///
/// # Errors
/// When there is no kubeconfig, or no context in it is the current one.
pub fn current(environment: &[(OsString, OsString)]) -> Result<Target, OperatorError> {
    let fault = |message: String| OperatorError::Target(Fault::permanent(message));
    let files = user_kubeconfig(environment);
    let Some(first) = files.first() else {
        return Err(fault("neither KUBECONFIG nor HOME is set".to_owned()));
    };
    if !files.iter().any(|file| file.is_file()) {
        return Err(fault(format!(
            "there is no kubeconfig {}; --kubeconfig FILE names one",
            first.display()
        )));
    }
    let kubeconfig = connect::read(&files)
        .map_err(|error| OperatorError::Target(Fault::chain(Class::Permanent, &error)))?;
    let next = "kubectl config use-context NAME sets one";
    let named = kubeconfig.current_context.filter(|name| !name.is_empty());
    named
        .map(Target::Context)
        .ok_or_else(|| fault(format!("{} has no current context; {next}", first.display())))
}

/// The namespace that a verb works in unless told otherwise: that of the kubeconfig's context, and on a target of this
/// project the shipped Rollout's.
#[must_use]
pub fn namespace(context: &Context) -> String {
    let Target::Context(name) = &context.target else { return SHIPPED.to_owned() };
    let kubeconfig = connect::read(&user_kubeconfig(&context.inherited));
    let contexts = kubeconfig.map(|kubeconfig| kubeconfig.contexts).unwrap_or_default();
    let named = contexts.into_iter().find(|one| one.name == *name).and_then(|one| one.context);
    named.and_then(|one| one.namespace).unwrap_or_else(|| "default".to_owned())
}
