//! A Kubernetes API with the Argo Rollouts controllers, in virtual time

fn main() {}
