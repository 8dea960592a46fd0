"""What the header of a NIfTI file claims, checked before anything is allocated or read on its word.

nibabel decodes the fields; the file's voxels, extensions and claims are never handed to it.
"""

import gzip
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from inference.imaging.failures import cannot_use
from inference.recordings.failures import describe_os_error

#: Larger volumes are no fMRI and no atlas; reading one as float32 would take more than half a gigabyte.
_MOST_VOXELS: Final = 1 << 27
_HEADER_BYTES: Final = {348: 352, 540: 544}
_PREFIX_BYTES: Final = 544
_GZIP_MAGIC: Final = b"\x1f\x8b"
#: Millimetres in each of the format's units of length.
_LENGTH_MM: Final = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
_TIME_UNITS: Final = {8: "s", 16: "ms", 24: "us"}
_VOXEL_MM: Final = (0.05, 100.0)


@dataclass(frozen=True, slots=True, eq=False)
class NiftiHeader:
    """The claims of a header, in this program's terms.

    Attributes
    ----------
    path, compressed : the file, and whether it is gzip, whatever it is called.
    shape : (x, y, z) or (x, y, z, volumes); trailing axes of 1 dropped.
    dtype, offset_bytes : of the voxels in the (unpacked) file.
    slope, intercept : from a stored number to a value.
    affine : (4, 4) from voxel to mm: right, anterior, superior.
    space_code : the format's code of the affine: 0 unknown, 1 scanner, 2 aligned, 3 Talairach, 4 MNI 152.
    tr, tr_unit : the fourth step as written, None where it is none; "s", "ms", "us" or "" where no unit is named.
    description : the free text.
    problems : sentences about what is odd but can be lived with.
    """

    path: Path
    compressed: bool
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset_bytes: int
    slope: float
    intercept: float
    affine: NDArray[np.float64]
    space_code: int
    tr: float | None
    tr_unit: str
    description: str
    problems: tuple[str, ...]

    @property
    def grid(self) -> tuple[int, int, int]:
        """Voxels along each axis of space."""
        return cast("tuple[int, int, int]", self.shape[:3])

    @property
    def volume_bytes(self) -> int:
        """Size of one volume as stored."""
        return math.prod(self.grid) * self.dtype.itemsize

    @property
    def end_bytes(self) -> int:
        """Size of the unpacked file that the header promises."""
        return self.offset_bytes + math.prod(self.shape) * self.dtype.itemsize


def open_bytes(path: Path, *, compressed: bool) -> IO[bytes]:
    """Open a file for reading its bytes, unpacked."""
    return cast("IO[bytes]", gzip.open(path, "rb")) if compressed else path.open("rb")


def read_header(path: Path) -> NiftiHeader:
    """Read and check the header of a ``.nii`` or ``.nii.gz`` file, in a few hundred bytes of memory.

    Raises
    ------
    ImagingError
        It cannot be read, is no NIfTI, or makes claims that no image can meet.
    """
    try:
        with path.open("rb") as stream:
            compressed = stream.read(2) == _GZIP_MAGIC
        with open_bytes(path, compressed=compressed) as stream:
            prefix = stream.read(_PREFIX_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise cannot_use(path, "it is compressed, but cut off or damaged before its header ends") from error
    except OSError as error:
        raise cannot_use(path, describe_os_error(error)) from error
    # Whatever number stands in a damaged header is judged here, not warned about.
    with np.errstate(all="ignore"):
        return _check(path, compressed, _decode(path, prefix))


def _check(path: Path, compressed: bool, fields: Any) -> NiftiHeader:
    problems: list[str] = []
    affine, code = _affine(path, fields, problems)
    tr, unit = _tr(fields)
    slope, intercept = _scaling(fields)
    return NiftiHeader(
        path=path,
        compressed=compressed,
        shape=_shape(path, fields),
        dtype=_dtype(path, fields),
        offset_bytes=_offset(path, fields),
        slope=slope,
        intercept=intercept,
        affine=affine,
        space_code=code,
        tr=tr,
        tr_unit=unit,
        description=bytes(fields["descrip"]).split(b"\0")[0].decode("latin-1").strip(),
        problems=tuple(problems),
    )


def _decode(path: Path, prefix: bytes) -> Any:
    import nibabel

    for size, header_class in ((348, nibabel.Nifti1Header), (540, nibabel.Nifti2Header)):
        for byteorder in ("little", "big"):
            if len(prefix) >= size and int.from_bytes(prefix[:4], cast("Any", byteorder)) == size:
                fields = header_class(prefix[:size], endianness=byteorder, check=False)
                magic = bytes(fields["magic"])
                if magic.startswith((b"ni1", b"ni2")):
                    raise cannot_use(path, "it is a header whose voxels lie in another file; make one .nii of the two")
                if magic.startswith((b"n+1", b"n+2")):
                    return fields
    raise cannot_use(path, "it is no NIfTI image (.nii or .nii.gz)")


def _shape(path: Path, fields: Any) -> tuple[int, ...]:
    n_axes = int(fields["dim"][0])
    if not 1 <= n_axes <= 7:
        raise cannot_use(path, f"its header is damaged: it claims {n_axes} axes")
    shape = [int(n) for n in fields["dim"][1 : n_axes + 1]]
    while len(shape) > 3 and shape[-1] == 1:
        shape.pop()
    claim = " x ".join(map(str, shape))
    if any(n < 1 for n in shape):
        raise cannot_use(path, f"its header is damaged: it claims {claim} voxels")
    if not 3 <= len(shape) <= 4:
        raise cannot_use(path, f"it has {len(shape)} axes ({claim}), where volumes over time have four")
    if math.prod(shape[:3]) > _MOST_VOXELS:
        raise cannot_use(path, f"its header claims volumes of {' x '.join(map(str, shape[:3]))} voxels")
    return tuple(shape)


def _dtype(path: Path, fields: Any) -> np.dtype[Any]:
    try:
        dtype: np.dtype[Any] = np.dtype(fields.get_data_dtype())
    except KeyError as error:
        raise cannot_use(path, f"its header names no type of number that exists ({fields['datatype']})") from error
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise cannot_use(path, f"its voxels are of the type {dtype.name}, which is no signal")
    return dtype


def _offset(path: Path, fields: Any) -> int:
    offset = float(fields["vox_offset"])
    least = _HEADER_BYTES[int(fields["sizeof_hdr"])]
    if not math.isfinite(offset) or offset < 0 or offset > 1 << 40:
        raise cannot_use(path, f"its header is damaged: it puts the voxels at byte {offset:g}")
    # Some programs write 0 and mean the end of the header.
    return max(int(offset), least)


def _scaling(fields: Any) -> tuple[float, float]:
    slope, intercept = float(fields["scl_slope"]), float(fields["scl_inter"])
    if slope == 0 or not (math.isfinite(slope) and math.isfinite(intercept)):
        return 1.0, 0.0
    return slope, intercept


def _tr(fields: Any) -> tuple[float | None, str]:
    step = float(fields["pixdim"][4])
    unit = _TIME_UNITS.get(int(fields["xyzt_units"]) & 0x38, "")
    return (step if math.isfinite(step) and step > 0 else None), unit


def _affine(path: Path, fields: Any, problems: list[str]) -> tuple[NDArray[np.float64], int]:
    candidates = [
        (_usable(fields.get_sform(), fields), int(fields["sform_code"])),
        (_qform(fields), int(fields["qform_code"])),
    ]
    usable = [(affine, code) for affine, code in candidates if code > 0 and affine is not None]
    if not usable:
        if any(code > 0 for _, code in candidates):
            raise cannot_use(path, "its header does not say where its voxels lie")
        problems.append(
            "The header does not say where the voxels lie, nor which side is left: "
            "the first axis is taken to run from the patient's right to the left."
        )
        usable = [(_base_affine(path, fields), 0)]
    if len(usable) == 2 and np.linalg.det(usable[0][0][:3, :3]) * np.linalg.det(usable[1][0][:3, :3]) < 0:
        problems.append("The header contradicts itself about left and right; its first statement (sform) is used.")
    affine, code = usable[0]
    sizes_mm = np.linalg.norm(affine[:3, :3], axis=0)
    if np.any(sizes_mm < _VOXEL_MM[0]) or np.any(sizes_mm > _VOXEL_MM[1]):
        raise cannot_use(path, f"its header claims voxels of {' x '.join(f'{size:.3g}' for size in sizes_mm)} mm")
    affine.flags.writeable = False
    return affine, code


def _qform(fields: Any) -> NDArray[np.float64] | None:
    from nibabel.spatialimages import HeaderDataError

    try:
        return _usable(fields.get_qform(), fields)
    except (HeaderDataError, ValueError):
        return None


def _base_affine(path: Path, fields: Any) -> NDArray[np.float64]:
    affine = _usable(fields.get_base_affine(), fields)
    if affine is None:
        raise cannot_use(path, "its header gives no size of its voxels")
    return affine


def _usable(affine: Any, fields: Any) -> NDArray[np.float64] | None:
    """Give an affine in mm, None where it is none: not finite, or flattening space."""
    scaled = np.array(affine, dtype=np.float64)
    scaled[:3] *= _LENGTH_MM.get(int(fields["xyzt_units"]) & 0x07, 1.0)
    if not np.isfinite(scaled).all():
        return None
    sizes = np.linalg.norm(scaled[:3, :3], axis=0)
    if np.any(sizes == 0) or abs(np.linalg.det(scaled[:3, :3] / sizes)) < 0.1:
        return None
    return scaled
