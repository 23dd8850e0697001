# What is refused before anything is asked of a cluster, and what is planned. No cluster is needed: the provider is
# mocked, so that any file that is there will do as the kubeconfig. Needs Terraform 1.7.

mock_provider "kubectl" {}

variables {
  kubeconfig     = "versions.tf"
  context        = "mocked"
  repository_url = "https://git.example.org/you/progressive-delivery.git"
  install_argocd = false
}

run "without_argocd" {
  command = plan

  assert {
    condition     = length(kubectl_manifest.argocd) + length(kubectl_manifest.argocd_namespace) == 0
    error_message = "Argo CD is touched although it is not to be installed."
  }
  assert {
    condition     = keys(kubectl_manifest.namespace) == ["blue-green", "canary"]
    error_message = "The namespaces are not those of deploy/namespaces."
  }
  assert {
    condition     = yamldecode(kubectl_manifest.root.yaml_body).spec.source.repoURL == var.repository_url
    error_message = "The root application reads another repository."
  }
  assert {
    condition     = yamldecode(kubectl_manifest.project.yaml_body).spec.sourceRepos == [var.repository_url]
    error_message = "The root project allows another repository."
  }
}

run "repositories_over_ssh_and_http" {
  command = plan
  variables { repository_url = "git@git.example.org:you/progressive-delivery.git" }
}

run "repositories_over_ssh_as_a_url" {
  command = plan
  variables { repository_url = "ssh://git@git.example.org/you/progressive-delivery.git" }
}

run "no_kubeconfig" {
  command = plan
  variables { kubeconfig = "/nonexistent/kubeconfig" }
  expect_failures = [var.kubeconfig]
}

run "no_context" {
  command = plan
  variables { context = "" }
  expect_failures = [var.context]
}

run "a_repository_without_a_scheme" {
  command = plan
  variables { repository_url = "you/progressive-delivery" }
  expect_failures = [var.repository_url]
}

run "a_repository_with_a_password" {
  command = plan
  variables { repository_url = "https://you:secret@git.example.org/you/progressive-delivery.git" }
  expect_failures = [var.repository_url]
}

run "the_placeholder_as_repository" {
  command = plan
  variables { repository_url = "https://git.example.com/platform/progressive-delivery.git" }
  expect_failures = [var.repository_url]
}

run "no_revision" {
  command = plan
  variables { revision = "" }
  expect_failures = [var.revision]
}

run "a_path_out_of_the_repository" {
  command = plan
  variables { path = "argocd/../../secrets" }
  expect_failures = [var.path]
}

run "an_absolute_path" {
  command = plan
  variables { path = "/argocd" }
  expect_failures = [var.path]
}

run "another_manifest_than_the_pinned_one" {
  command = plan
  variables { argocd_manifest = "main.tf" }
  expect_failures = [var.argocd_manifest]
}
