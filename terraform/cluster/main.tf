# One node of Kubernetes in a Docker engine. What runs on it (Argo CD, Argo Rollouts, an ingress, Prometheus) is
# not part of this configuration: providers that are configured by a resource of the same state cannot be planned
# once that resource is gone.
resource "kind_cluster" "this" {
  name           = var.name
  node_image     = var.node_image
  wait_for_ready = true

  kind_config {
    kind        = "Cluster"
    api_version = "kind.x-k8s.io/v1alpha4"

    node {
      role   = "control-plane"
      labels = { "ingress-ready" = "true" }

      extra_port_mappings {
        container_port = 80
        host_port      = var.http_port
        listen_address = "127.0.0.1"
      }

      extra_port_mappings {
        container_port = 443
        host_port      = var.https_port
        listen_address = "127.0.0.1"
      }
    }
  }
}
