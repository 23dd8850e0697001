# What GitOps needs before it can do the rest: Argo CD, the namespaces that no Application may make, and one root
# application over argocd/ in Git. Nothing else belongs here: what Argo CD applies, Terraform does not know.

locals {
  # All that argocd/ holds names this namespace.
  argocd = "argocd"
  server = "https://kubernetes.default.svc"
  labels = { "app.kubernetes.io/part-of" = "progressive-delivery" }

  # One document of the manifest an object, by kind and name. The whole is never decoded: an object is applied as its
  # text stands.
  documents = var.install_argocd ? split("\n---\n", file(var.argocd_manifest)) : []
  objects = {
    for text in local.documents : "${yamldecode(text).kind}/${yamldecode(text).metadata.name}" => text
  }
  cluster_wide = ["CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"]
}

resource "kubectl_manifest" "argocd_namespace" {
  count = var.install_argocd ? 1 : 0

  yaml_body = yamlencode({
    apiVersion = "v1"
    kind       = "Namespace"
    metadata   = { name = local.argocd }
  })
  wait = true
}

resource "kubectl_manifest" "argocd" {
  for_each = local.objects

  yaml_body          = each.value
  override_namespace = contains(local.cluster_wide, split("/", each.key)[0]) ? null : local.argocd

  # The definition of ApplicationSets is too long for the annotation in which a client-side apply keeps its last text.
  server_side_apply = true
  force_conflicts   = true
  wait_for_rollout  = var.wait_for_argocd

  # A definition takes its objects with it, which must be gone before the namespace is.
  wait = split("/", each.key)[0] == "CustomResourceDefinition"

  # argocd/notifications fills this one, with labels of its own.
  ignore_fields = each.key == "ConfigMap/argocd-notifications-cm" ? ["metadata.labels"] : null

  depends_on = [kubectl_manifest.argocd_namespace]
}

# Projects let no application make a namespace, so these come from here. A destroy deletes all that is in them.
resource "kubectl_manifest" "namespace" {
  for_each = toset(["blue-green", "canary"])

  yaml_body = file("${path.module}/../../deploy/namespaces/${each.key}.yaml")
  wait      = true
}

# What the root application may do: Argo CD's own kinds and its notifications, from this repository, in Argo CD's
# namespace. Argo CD's project `default` would let it do anything anywhere.
resource "kubectl_manifest" "project" {
  yaml_body = yamlencode({
    apiVersion = "argoproj.io/v1alpha1"
    kind       = "AppProject"
    metadata   = { name = "root", namespace = local.argocd, labels = local.labels }
    spec = {
      description  = "The root application"
      sourceRepos  = [var.repository_url]
      destinations = [{ server = local.server, namespace = local.argocd }]
      namespaceResourceWhitelist = [
        { group = "argoproj.io", kind = "AppProject" },
        { group = "argoproj.io", kind = "Application" },
        { group = "argoproj.io", kind = "ApplicationSet" },
        { group = "", kind = "ConfigMap" },
      ]
    }
  })
  wait = true

  depends_on = [kubectl_manifest.argocd]
}

resource "kubectl_manifest" "root" {
  yaml_body = yamlencode({
    apiVersion = "argoproj.io/v1alpha1"
    kind       = "Application"
    metadata = {
      name      = "root"
      namespace = local.argocd
      labels    = local.labels
      # With it a destroy takes away what the application made, before the project and Argo CD go.
      finalizers = ["resources-finalizer.argocd.argoproj.io"]
    }
    spec = {
      project = "root"
      source = {
        repoURL        = var.repository_url
        targetRevision = var.revision
        path           = var.path
        directory      = { recurse = true }
      }
      destination = { server = local.server, namespace = local.argocd }
      syncPolicy = {
        automated = { prune = true, selfHeal = true }
        retry     = { limit = 5, backoff = { duration = "5s", factor = 2, maxDuration = "3m" } }
      }
    }
  })
  wait = true

  depends_on = [kubectl_manifest.project, kubectl_manifest.namespace]
}
