"""What makes a manifest one that Argo Workflows takes and can run; one file per kind of rule."""
