output "argocd_namespace" {
  description = "The namespace of Argo CD."
  value       = local.argocd
}

output "argocd_objects" {
  description = "How many objects of Argo CD this configuration keeps; 0 where Argo CD was there before."
  value       = length(kubectl_manifest.argocd)
}

output "root_application" {
  description = "The root application: argocd app get NAME, and what it reads."
  value = {
    name       = kubectl_manifest.root.name
    repository = var.repository_url
    revision   = var.revision
    path       = var.path
  }
}
