import { ErrorReporter } from '#libs/observability';
import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { answerError } from './http-errors.js';

/** Every error of a route that Nest serves. */
@Catch()
export class HttpExceptionFilter implements ExceptionFilter {
  constructor(private readonly errors: ErrorReporter) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    answerError(http.getRequest<IncomingMessage>(), http.getResponse<ServerResponse>(), thrown, this.errors);
  }
}
