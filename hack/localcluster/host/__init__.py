"""What the cluster needs of the Debian machine under it: packages, programs, processes, network and containerd."""
