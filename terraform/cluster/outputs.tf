output "context" {
  description = "The context of this cluster in the user's kubeconfig."
  value       = "kind-${kind_cluster.this.name}"
}

output "endpoint" {
  description = "The API server's address."
  value       = kind_cluster.this.endpoint
}
