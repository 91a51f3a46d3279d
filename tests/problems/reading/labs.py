"""Five files of different make, as an experimentalist has them, with what is fitted to each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import openpyxl


@dataclass(frozen=True)
class Lab:
    """A file and its fit.

    Attributes
    ----------
    name : of the file
    problem : keys of ``[problem]`` beside kind and data
    truth : values of the parameters from which the data were made
    told : the first line of what was read
    """

    name: str
    problem: str
    truth: dict[str, float]
    told: str

    def write(self, folder: Path) -> None:
        """Write the file."""
        getattr(self, f"_{self.name.partition('.')[0]}")(folder / self.name)

    def _scope(self, path: Path) -> None:
        """An oscilloscope: a preamble, tabs, two channels, CR LF."""
        t = np.arange(250) * 4e-6 - 1e-4
        y = 1.2 * np.sin(2 * np.pi * 1000 * t + 0.5) + 0.1
        head = ["Model\tTBS1052B", "Firmware\t1.2", "Record Length\t250", "Sample Interval\t4.0E-06", "", ""]
        rows = [f"{a:+.6E}\t{b:+.5E}\t0.00E+00" for a, b in zip(t, y, strict=True)]
        path.write_bytes("\r\n".join([*head, "Time (s)\tCH1 (V)\tCH2 (V)", *rows, ""]).encode())

    def _messung(self, path: Path) -> None:
        """A German Excel: semicolons, decimal commas, points between thousands, Latin-1, gaps, empty rows below."""
        t = np.arange(60) / 2
        y = 2500 * np.exp(-t / 8) + 310
        numbers = [f"{b:,.2f}".translate(str.maketrans(",.", ".,")) for b in y]
        rows = [f"{a:.1f};{b};5,0;".replace(".", ",", 1) for a, b in zip(t, numbers, strict=True)]
        rows[7] = "3,5;;5,0;Störung"
        path.write_bytes("\r\n".join(["Zeit;Zähler;Fehler;Anmerkung", *rows, ";;;", ";;;", ""]).encode("cp1252"))

    def _sheet(self, path: Path) -> None:
        """A spreadsheet: a title, units below the header, two samples one below the other."""
        book = openpyxl.Workbook()
        book.active.append(["Relaxation of two samples", None, None])
        book.active.append([None, None, None])
        book.active.append(["sample", "time", "signal"])
        book.active.append([None, "s", "mV"])
        for sample, size in (("old", 3.0), ("new", 5.0)):
            for t in np.linspace(0, 6, 40).tolist():
                book.active.append([sample, t, size * float(np.exp(-t / 1.5))])
        book.save(path)

    def _log(self, path: Path) -> None:
        """A log: ISO times with zone and milliseconds, a level, missing readings."""
        begin = datetime(2024, 3, 30, 22, 0)
        rows = []
        for k in range(80):
            value = "NaN" if k == 11 else f"{20 + 15 * np.exp(-k * 30 / 900):.4f}"
            rows.append(f"{(begin + timedelta(seconds=30 * k)).isoformat(timespec='milliseconds')}Z,INFO,{value}")
        path.write_text("\n".join(["time,level,temperature", *rows, ""]), encoding="utf-8")

    def _table(self, path: Path) -> None:
        """A table in blanks, with comments that name columns and units, and a column of errors."""
        x = np.linspace(1, 10, 30)
        lines = ["# spectrum, detector 2", "#   E        counts    err", "#   keV      cts       cts"]
        for k, energy in enumerate(x.tolist()):
            height = 40 * np.exp(-((energy - 5.5) ** 2) / (2 * 0.8**2)) + 2
            lines.append(f"  {energy:7.4f}  {height:9.5f}  {np.sqrt(height):.4f}" + "   # checked" * (k == 3))
            lines += ["# beam off for an hour"] * (k == 10)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


LABS = [
    Lab(
        "scope.txt",
        'model = "A*sin(2*pi*f*Time + p) + c"\ny = "CH1"\nranges = { f = "500:2000", p = "0:2pi:periodic" }',
        {"A": 1.2, "f": 1000, "p": 0.5, "c": 0.1},
        "scope.txt: 250 rows, columns Time (s), CH1 (V), CH2 (V); tabs, 4 lines above the header left out",
    ),
    Lab(
        "messung.csv",
        'model = "N*exp(-Zeit/tau) + b"\ny = "Zähler"\nsigma = "Fehler"\nranges = { tau = "1:50:log" }\n'
        'reading = { missing = "drop" }',
        {"N": 2500, "tau": 8, "b": 310},
        "messung.csv: 59 rows, columns Zeit, Zähler, Fehler, Anmerkung; semicolons, decimal commas, points between "
        "thousands, Latin-1",
    ),
    Lab(
        "sheet.xlsx",
        'model = "A*exp(-time/tau)"\ny = "signal"\nranges = { A = "each", tau = "0.1:20:log" }\n'
        'reading = { groups = "sample" }',
        {"A[old]": 3, "A[new]": 5, "tau": 1.5},
        "sheet.xlsx: 80 rows, columns sample, time (s), signal (mV); Excel, sheet 'Sheet', 1 line above the header left "
        "out, units in line 4",
    ),
    Lab(
        "log.dat",
        'model = "T0 + D*exp(-time/tau)"\ny = "temperature"\nranges = { tau = "60:1e4:log" }\n'
        'reading = { x = "time", missing = "drop" }',
        {"T0": 20, "D": 15, "tau": 900},
        "log.dat: 79 rows, columns time, level, temperature; commas",
    ),
    Lab(
        "table.asc",
        'model = "h*exp(-(E - m)**2/(2*s**2)) + b"\ny = "counts"\nsigma = "err"\n'
        'ranges = { m = "2:9", s = "0.2:3:log" }',
        {"h": 40, "m": 5.5, "s": 0.8, "b": 2},
        "table.asc: 30 rows, columns E (keV), counts (cts), err (cts); blanks, names from the comment above the rows, "
        "units too, 1 comment among the rows",
    ),
]


def experiment(lab: Lab, steps: int = 3) -> str:
    """Write the experiment file of a lab's fit."""
    return (
        f'[problem]\nkind = "fit"\ndata = "{lab.name}"\n{lab.problem}\n[loss]\nkind = "quadratic"\n'
        f'[descent]\nsteps = {steps}\n[valleys]\nstarts = 16\n[figures]\nformats = ["png"]\nanimation = false\n'
    )
