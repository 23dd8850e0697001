# What an install of Argo CD plans. Needs its manifest (README.md):
#   terraform test -filter=tests/install.tftest.hcl -var argocd_manifest=install.yaml

mock_provider "kubectl" {}

variables {
  kubeconfig     = "versions.tf"
  context        = "mocked"
  repository_url = "https://git.example.org/you/progressive-delivery.git"
}

run "each_object_once_and_in_its_namespace" {
  command = plan

  assert {
    condition     = length(kubectl_manifest.argocd) == length(local.documents) && length(local.documents) > 50
    error_message = "${length(kubectl_manifest.argocd)} objects of ${length(local.documents)} documents."
  }
  assert {
    condition = alltrue([
      for kind in ["Deployment/argocd-server", "StatefulSet/argocd-application-controller", "NetworkPolicy/argocd-server-network-policy"] :
      kubectl_manifest.argocd[kind].override_namespace == "argocd"
    ])
    error_message = "What lives in a namespace is not put into Argo CD's."
  }
  # Every kind that the manifest holds is known, so that none that lives in no namespace gets one.
  assert {
    condition = length(setsubtract([for key in keys(kubectl_manifest.argocd) : split("/", key)[0]], concat(local.cluster_wide, [
      "ConfigMap", "Deployment", "NetworkPolicy", "Role", "RoleBinding", "Secret", "Service", "ServiceAccount", "StatefulSet",
    ]))) == 0
    error_message = "The manifest holds a kind of which it is not known whether it lives in a namespace."
  }
  assert {
    condition     = alltrue([for key, object in kubectl_manifest.argocd : object.override_namespace == null if contains(local.cluster_wide, split("/", key)[0])])
    error_message = "What lives in no namespace is put into one."
  }
}
