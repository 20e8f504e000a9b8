"""Classroom 50: CLASSROOM/autograders/ASSIGNMENT/autograder.py, with runtime.node set.

Runs in the student's own repository, so the grader must come from elsewhere: set COURSE to a copy of it (the folder
`course` of what `npm run bundle:gradescope` packs will do). What is published there is not hidden from anybody: official grades come from `npm run grade-class`.
"""

import os
import subprocess
import sys

COURSE = os.environ.get("COURSE", "course")
CHAPTER = os.environ.get("ASSIGNMENT", "chapter-1")
HERE = os.getcwd()

if not os.path.isdir(os.path.join(COURSE, "node_modules")):
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=COURSE, check=True)
sys.exit(
    subprocess.run(
        ["node", "grader/cli/start.mjs", "grade-one", HERE, "--chapter", CHAPTER, "--classroom50", os.path.join(HERE, "result.json")],
        cwd=COURSE,
    ).returncode
)
