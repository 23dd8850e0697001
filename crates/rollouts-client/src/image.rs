//! An image reference, taken apart.

/// Repository and tag. A digest is left away; it names content, not a version. A colon before the last slash belongs
/// to a registry's port.
pub fn split(image: &str) -> (&str, Option<&str>) {
    let name = image.split('@').next().unwrap_or(image);
    match name.rsplit_once(':') {
        Some((repository, tag)) if !repository.is_empty() && !tag.is_empty() && !tag.contains('/') => {
            (repository, Some(tag))
        }
        _ => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_taken_apart() {
        for (image, repository, tag) in [
            ("127.0.0.1:5000/demo-app:v1", "127.0.0.1:5000/demo-app", Some("v1")),
            ("127.0.0.1:5000/demo-app", "127.0.0.1:5000/demo-app", None),
            ("demo-app:v2@sha256:0123", "demo-app", Some("v2")),
            ("demo-app@sha256:0123", "demo-app", None),
            ("demo-app", "demo-app", None),
            ("shop/cart:1.2@sha256:abc", "shop/cart", Some("1.2")),
            ("nginx", "nginx", None),
            ("", "", None),
        ] {
            assert_eq!(split(image), (repository, tag), "{image}");
        }
    }
}
