variable "kubeconfig" {
  description = "Path of the kubeconfig."
  type        = string
  default     = "~/.kube/config"

  validation {
    condition     = fileexists(pathexpand(var.kubeconfig))
    error_message = "There is no kubeconfig at this path."
  }
}

variable "context" {
  description = "Context of the kubeconfig, such as kind-blue-green-canary. It has no default: which cluster is changed is said, never guessed."
  type        = string

  validation {
    condition     = can(regex("^\\S+$", var.context))
    error_message = "The context must be the name of a context of the kubeconfig: kubectl config get-contexts --output=name."
  }
}

variable "repository_url" {
  description = "Your clone of this repository, as Argo CD reads it. What argocd/ names as repoURL must be the same."
  type        = string

  validation {
    condition     = can(regex("^(https?://|ssh://([\\w.-]+@)?|[\\w.-]+@[\\w.-]+:)[^\\s@]+$", var.repository_url))
    error_message = "The repository must be an address over https, http or ssh, without a password: Argo CD's credentials belong in a Secret of its own, since Terraform's state is plain text."
  }

  validation {
    condition     = !can(regex("//git\\.example\\.com/", var.repository_url))
    error_message = "The repository is the placeholder git.example.com: name your clone, here and in argocd/."
  }
}

variable "revision" {
  description = "Branch, tag or commit of the repository that the root application follows."
  type        = string
  default     = "main"

  validation {
    condition     = can(regex("^[\\w][\\w./-]*$", var.revision))
    error_message = "The revision must be a branch, a tag or a commit."
  }
}

variable "path" {
  description = "Folder of the repository whose objects the root application applies, with all folders below it."
  type        = string
  default     = "argocd"

  validation {
    condition     = can(regex("^[\\w-][\\w./-]*$", var.path)) && !can(regex("\\.\\.", var.path))
    error_message = "The path must be a folder inside the repository, written from its root, without `..`."
  }
}

variable "install_argocd" {
  description = "Whether Argo CD is installed. Where it runs already, say false: then it is neither changed nor removed."
  type        = bool
  default     = true
}

variable "wait_for_argocd" {
  description = "Whether an apply ends when Argo CD's Deployments are available. Read where install_argocd is true."
  type        = bool
  default     = true
}

variable "argocd_manifest" {
  description = "Path of Argo CD's manifests/install.yaml of release 3.6.1, downloaded beforehand (README.md). Read where install_argocd is true."
  type        = string
  default     = "install.yaml"

  # The sum is that of the file in Argo CD's Go module 3.6.1, whose zip the Go checksum database vouches for.
  validation {
    condition     = fileexists(var.argocd_manifest) ? filesha256(var.argocd_manifest) == "7be23ca7d9ca3d3074dee8332f1ca92a933b990cee7c9cf22cf3843ee8c2913e" : true
    error_message = "The file is not manifests/install.yaml of Argo CD 3.6.1: its SHA-256 is another one."
  }
}
