/** Ping meshes: who reaches whom, with which loss and in which time, once or on a schedule. */
import { type PingMeshDocument, PingMeshRequested, ref } from '@netverdict/contracts';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { PING_MESH_ID } from '../domain/ping-meshes.ts';
import { beforeId, pageOf } from './place.ts';
import { errors, PageQuery } from './schemas.ts';

const MeshParams = Type.Object({ id: Type.String({ description: '`pm_…`' }) });
const tags = ['ping meshes'];
const one = { description: 'The ping mesh', ...ref<PingMeshDocument>('PingMesh') };

export function pingMeshRoutes(app: Server, { pingMeshes, token }: Dependencies): void {
  app.post(
    '/api/v1/ping-meshes',
    {
      schema: {
        operationId: 'createPingMesh',
        summary: 'Ping between pods, nodes and addresses, once or again and again',
        description:
          'Real packets of the agents: TCP connects, UDP datagrams or ICMP echoes, from each end to all others.',
        tags,
        body: PingMeshRequested,
        response: { 202: one, ...errors(400, 401, 404, 409, 413, 415, 503) },
      },
    },
    async (request, reply) => {
      const document = await pingMeshes.create(request.body, token.check(request).tokenId);
      reply.code(202).header('location', `/api/v1/ping-meshes/${document.id}`);
      return document;
    },
  );
  app.get(
    '/api/v1/ping-meshes',
    {
      schema: {
        operationId: 'listPingMeshes',
        summary: 'Ping meshes, newest first, each with its last round',
        tags,
        querystring: Type.Object(PageQuery, { additionalProperties: false }),
        response: { 200: ref<{ items: PingMeshDocument[] }>('PingMeshList'), ...errors(400, 401, 503) },
      },
    },
    async (request) => {
      const { cursor, limit = 50 } = request.query;
      const documents = await pingMeshes.list({ ...beforeId(cursor, PING_MESH_ID), limit: limit + 1 });
      return pageOf(
        documents,
        limit,
        ({ id }) => id,
        (document) => document,
      );
    },
  );
  app.get(
    '/api/v1/ping-meshes/:id',
    {
      schema: {
        operationId: 'getPingMesh',
        summary: 'A ping mesh with its last rounds',
        tags,
        params: MeshParams,
        response: { 200: one, ...errors(401, 404, 503) },
      },
    },
    (request) => pingMeshes.get(request.params.id),
  );
  app.post(
    '/api/v1/ping-meshes/:id/stop',
    {
      schema: {
        operationId: 'stopPingMesh',
        summary: 'End its schedule; what its rounds found stays',
        tags,
        params: MeshParams,
        response: { 200: one, ...errors(401, 404, 503) },
      },
    },
    (request) => pingMeshes.stop(request.params.id),
  );
  app.delete(
    '/api/v1/ping-meshes/:id',
    {
      schema: {
        operationId: 'deletePingMesh',
        summary: 'End its schedule and remove it with its rounds',
        tags,
        params: MeshParams,
        response: { 204: { description: 'It is gone', type: 'null' as const }, ...errors(401, 404, 503) },
      },
    },
    async (request, reply) => {
      await pingMeshes.remove(request.params.id);
      return reply.code(204).send(null as never);
    },
  );
}
