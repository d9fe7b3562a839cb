"""`python -m hack.label_studio`: install Label Studio where the tests look for it."""

import sys

from hack.label_studio.installation import install

if __name__ == "__main__":
    print(install(), file=sys.stderr)
