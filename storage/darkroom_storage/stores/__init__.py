"""One module for each storage behind the same calls. Must not be imported but by `darkroom_storage.objects`."""
