"""What the browser tests need beside Python packages."""
