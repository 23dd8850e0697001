variable "name" {
  description = "Name of the kind cluster; its context in the kubeconfig is kind-NAME."
  type        = string
  default     = "blue-green-canary"
}

variable "node_image" {
  description = "Image of the node, one that belongs to the provider's release of kind. Pin it by digest where you trust one."
  type        = string
  default     = "kindest/node:v1.34.3"
}

variable "http_port" {
  description = "Port on loopback where the ingress answers HTTP; 8080 where 80 is taken."
  type        = number
  default     = 80
}

variable "https_port" {
  description = "Port on loopback where the ingress answers HTTPS; 8443 where 443 is taken."
  type        = number
  default     = 443
}
