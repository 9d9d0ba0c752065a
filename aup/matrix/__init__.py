"""The decision matrix as a document: what it holds, whether it is sound, why a cell is what it is, how one is edited.

Pure: no database and no clock. `aup.evaluation` reads it to grade a finding.
"""
