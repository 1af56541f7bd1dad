"""What reading a damaged or forged .npy or .npz file raises."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from tokenize import TokenError

#: Of zipfile and what it unpacks with, and of numpy, which reads a header as Python would: RuntimeError is an encrypted
#: or unknown entry of an archive, TypeError a header such as ``{[]: 1}``.
ARRAY_ERRORS = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    RuntimeError,
    SyntaxError,
    TokenError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
