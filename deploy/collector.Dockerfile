# Two-phase grading: the container in which students' code runs, and nothing else. It holds the array library and the
# solutions of the topics (as stand-ins), no oracle, no check, no secret and no submission: the judge, outside, hands one
# file after the other through standard input and reads values from standard output.
#
#   docker build -f deploy/collector.Dockerfile -t collector .
#   npm run grade-class submissions -- --chapter chapter-1 --out results --collector \
#     "docker run --rm -i --init --network none --read-only --tmpfs /tmp:size=512m --cap-drop ALL --security-opt no-new-privileges --pids-limit 128 --memory 1g --user 65534:65534 collector"
FROM node:22-bookworm-slim
WORKDIR /course
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY solutions solutions
COPY grader/engine grader/engine
COPY grader/sandbox grader/sandbox
COPY grader/cli/start.mjs grader/cli/collect.ts grader/cli/
# It is bundled once, here: the container's disk cannot be written to.
RUN node grader/cli/start.mjs collect < /dev/null && chmod -R a+rX /course
ENTRYPOINT ["node", "grader/cli/start.mjs", "collect"]
