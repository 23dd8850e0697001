terraform {
  required_version = ">= 1.0"

  required_providers {
    # Not hashicorp/kubernetes: its kubernetes_manifest asks the cluster for a kind while planning, and Argo CD's kinds
    # are made by this same configuration.
    kubectl = {
      source  = "gavinbunney/kubectl"
      version = "1.19.0"
    }
  }
}

# The context is stated, so that the cluster that happens to be the current one is never the one that is changed.
provider "kubectl" {
  config_path    = pathexpand(var.kubeconfig)
  config_context = var.context

  # A kind is served a moment after its definition is accepted.
  apply_retry_count = 5
}
